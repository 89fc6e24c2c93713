"""What the shared parts work from: record types and kinds of background work, by dotted name."""

RECORD_TYPES = ["funds.registry.FUND_DOCUMENT", "funds.registry.ARRIVAL"]

EXPORTED_LISTS = ["rollups.registry.CASES", "rollups.registry.BALANCES"]
"""Lists that hold no records and may be taken out as files."""

HISTORY = ["records.sheets.history.imports_of", "sync.history.returns_of"]
"""What adds to the timeline of a record, besides its reviews and the audit trail."""

JOB_HANDLERS = {
    "sheets.read": "records.sheets.jobs.read",
    "sheets.store": "records.sheets.jobs.store",
    "sheets.undo": "records.sheets.jobs.undo",
    "sheets.export": "records.sheets.exporting.write",
    "sync.change_execute": "sync.changes.carrying.execute_job",
    "sync.change_post": "sync.changes.posting.job",
    "sync.change_revoke": "sync.changes.withdrawing.revoke_job",
    "sync.correct": "sync.changes.ticks.correct_job",
    "sync.deliver": "sync.sending.deliver.job",
    "sync.ingest": "sync.ingest.run.job",
    "sync.send_now": "sync.windows.run.send_now_job",
}
"""Kind of background work -> what does it."""

JOB_GIVE_UP = {
    "sheets.read": "records.sheets.jobs.given_up",
    "sheets.store": "records.sheets.jobs.given_up",
    "sheets.undo": "records.sheets.jobs.given_up",
    "sheets.export": "records.sheets.exporting.given_up",
}
"""Kinds that end after a few attempts, since a person waits for them -> what tells what they were for."""

TICKS = [
    "records.jobs.ticks.sweep_jobs",
    "accounts.services.link_audit",
    "records.jobs.ticks.watch_audit",
    "accounts.services.expire_grants",
    "accounts.services.close_unused_accounts",
    "accounts.services.tidy_sign_ins",
    "sync.space.watch_space",
    "sync.windows.schedule.keep_ahead",
    "sync.windows.run.run_due",
    "sync.issuing.issue_down",
    "sync.changes.ticks.keep_going",
    "sync.windows.watch.watch",
    "sync.ingest.pick_up",
    "records.sheets.tidying.tidy_files",
    "sync.proving.prove",
    "rollups.ticks.chain",
    "rollups.ticks.merge",
    "rollups.ticks.prove",
]
"""What the ticker runs, in order; each looks for itself whether something is due."""

ORDER_MARKS = "sync.changes.marks.marks_on"
"""Who answers which change orders are in force or under way over some records."""
RETURN_REASONS = "sync.history.why_returned"
"""Who answers why the centre returned some records."""
CHANGE_MOVES = "rollups.services.effects.moves_of"
"""Who works out which cells of the totals a change order moves, when it is drawn up."""
CHANGE_EFFECTS = "rollups.services.effects.effects_of"
"""Who reads what these moves do to the totals of today."""
