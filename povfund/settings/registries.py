"""What the shared parts work from: record types and kinds of background work, by dotted name."""

RECORD_TYPES = ["funds.registry.FUND_DOCUMENT"]

JOB_HANDLERS: dict[str, str] = {}

TICKS = [
    "records.jobs.ticks.sweep_jobs",
    "accounts.services.link_audit",
    "accounts.services.expire_grants",
    "rollups.ticks.merge",
    "rollups.ticks.prove",
]
"""What the ticker runs, in order; each looks for itself whether something is due."""
