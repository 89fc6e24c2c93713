"""What the shared parts work from: record types and kinds of background work, by dotted name."""

RECORD_TYPES = ["funds.registry.FUND_DOCUMENT"]

JOB_HANDLERS: dict[str, str] = {}
