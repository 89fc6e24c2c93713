"""
网址权限表 — who may call which address with which method.

Every address of the product has a row, by its URL name; a test walks the resolver, fails for an
address without a row, and calls each one as each of the tests' people. A row says who gets past
the door; what is behind it is decided by scope (404) and verdicts, the same for page and API.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.choices import Capability

PUBLIC, LOGIN, NODE = "public", "login", "node"

GET = ("GET",)
POST = ("POST",)
PUT = ("PUT",)
BOTH = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class Row:
    """
    One address: `access` is public, login (any account), node (signed requests of another node),
    or the capabilities of which one is needed; `to_write` those for everything but GET, where
    they are others. `api` answers 401 and 403 where a page leads to the sign-in.
    """

    access: str | tuple[str, ...]
    methods: tuple[str, ...] = GET
    api: bool = False
    to_write: tuple[str, ...] = ()

    def admits(self, capabilities: frozenset[Any], method: str) -> bool:
        """Does an account that holds these capabilities get past the door?"""
        needed = self.access if method == "GET" or not self.to_write else self.to_write
        if needed in (PUBLIC, LOGIN):
            return True
        return needed != NODE and any(capability in capabilities for capability in needed)


def holders(*capabilities: Capability) -> tuple[str, ...]:
    """Access for accounts that hold one of these."""
    return tuple(capability.value for capability in capabilities)


ADMINISTRATORS = holders(Capability.ACCOUNTS_MANAGE, Capability.GRANTS_MANAGE)
SYSTEM = holders(Capability.ACCOUNTS_MANAGE)
SECURITY = holders(Capability.GRANTS_MANAGE)
AUDITORS = holders(Capability.AUDIT_READ)
TOTALS = holders(Capability.ROLLUPS_READ)
TRANSMISSION = holders(Capability.SYNC_READ)
SENDERS = holders(Capability.SYNC_SEND)
SENT_RECORDS = holders(Capability.RECORDS_READ)
NODES = holders(Capability.NODES_MANAGE)
CALENDAR = holders(Capability.CALENDAR_MANAGE)
ENTRY = holders(Capability.FUNDS_ENTER)
REVIEW = holders(Capability.FUNDS_REVIEW)
DRAFTERS = holders(Capability.FUNDS_ENTER, Capability.FUNDS_REVIEW)

POLICY: dict[str, Row] = {
    # the house
    "healthz": Row(PUBLIC),
    "readyz": Row(PUBLIC),
    "set_language": Row(PUBLIC, POST),
    "home": Row(LOGIN),
    "schema": Row(LOGIN, api=True),
    "api-docs": Row(LOGIN, api=True),
    # accounts: signing in
    "accounts:login": Row(PUBLIC, BOTH),
    "accounts:logout": Row(PUBLIC, POST),
    "accounts:password": Row(LOGIN, BOTH),
    "accounts:second_factor": Row(LOGIN, BOTH),
    "api-token": Row(PUBLIC, POST, api=True),
    # accounts: administration
    "accounts:units": Row(ADMINISTRATORS),
    "accounts:unit_open": Row(SYSTEM, POST),
    "accounts:unit": Row(ADMINISTRATORS, BOTH),
    "accounts:unit_close": Row(SYSTEM, POST),
    "accounts:unit_succeed": Row(SYSTEM, BOTH),
    "accounts:person": Row(ADMINISTRATORS),
    "accounts:person_change": Row(SYSTEM, POST),
    "accounts:person_leave": Row(SYSTEM, POST),
    "accounts:account_create": Row(SYSTEM, POST),
    "accounts:grant_give": Row(SECURITY, POST),
    "accounts:grant_end": Row(SECURITY, POST),
    "accounts:accounts": Row(ADMINISTRATORS),
    "accounts:account": Row(ADMINISTRATORS),
    "accounts:account_duties": Row(SECURITY, POST),
    "accounts:account_activation": Row(SYSTEM, POST),
    "accounts:account_password": Row(SECURITY, POST),
    "accounts:account_second_factor": Row(SECURITY, POST),
    "accounts:account_unlock": Row(SECURITY, POST),
    "accounts:locks": Row(ADMINISTRATORS),
    "accounts:audit": Row(AUDITORS),
    "accounts:audit_entry": Row(AUDITORS),
    # accounts: API
    "divisions-list": Row(LOGIN, api=True),
    "divisions-detail": Row(LOGIN, api=True),
    "units-list": Row(LOGIN, api=True),
    "units-detail": Row(LOGIN, api=True),
    "unit-successions-list": Row(LOGIN, BOTH, api=True, to_write=SYSTEM),
    "audit-entries-list": Row(AUDITORS, api=True),
    "audit-entries-detail": Row(AUDITORS, api=True),
    # records: the working calendar
    "records:calendar": Row(LOGIN),
    "records:calendar_year": Row(LOGIN),
    "records:calendar_enter": Row(CALENDAR, POST),
    "calendar-list": Row(LOGIN, api=True),
    "calendar-detail": Row(LOGIN, api=True),
    "calendar-due-dates": Row(LOGIN, api=True),
    "calendar-deadline": Row(LOGIN, api=True),
    # sync: node to node
    "node-batches": Row(NODE, POST),
    "node-batch": Row(NODE),
    "node-part": Row(NODE, PUT),
    "node-complete": Row(NODE, POST),
    "node-change-requests": Row(NODE, POST),
    "node-change-evidence": Row(NODE, PUT),
    "node-downlink": Row(NODE),
    "node-digest": Row(NODE),
    # records
    "records:attachment_add": Row(LOGIN, POST),
    "records:attachment": Row(LOGIN),
    "records:attachment_remove": Row(LOGIN, POST),
    "records:jobs": Row(holders(Capability.JOBS_READ)),
    "records:job_cancel": Row(LOGIN, POST),
    "records:alarm_acknowledge": Row(LOGIN, POST),
    "attachments-list": Row(LOGIN, BOTH, api=True),
    "attachments-detail": Row(LOGIN, api=True),
    "attachments-content": Row(LOGIN, api=True),
    "records:submit": Row(ENTRY, BOTH),
    "records:imports": Row(LOGIN, BOTH),
    "records:import": Row(LOGIN),
    "records:import_layout": Row(LOGIN, POST),
    "records:import_step": Row(LOGIN, POST),
    "records:import_file": Row(LOGIN),
    "records:exports": Row(LOGIN, BOTH),
    "records:export": Row(LOGIN),
    "records:export_decision": Row(LOGIN, POST),
    "records:export_file": Row(LOGIN),
    "template": Row(LOGIN, api=True),
    "imports-list": Row(LOGIN, BOTH, api=True),
    "imports-detail": Row(LOGIN, api=True),
    "imports-layout": Row(LOGIN, POST, api=True),
    "imports-confirm": Row(LOGIN, POST, api=True),
    "imports-undo": Row(LOGIN, POST, api=True),
    "imports-cancel": Row(LOGIN, POST, api=True),
    "imports-repeat": Row(LOGIN, POST, api=True),
    "imports-annotated": Row(LOGIN, api=True),
    "exports-list": Row(LOGIN, BOTH, api=True),
    "exports-decision": Row(LOGIN, POST, api=True),
    "exports-detail": Row(LOGIN, api=True),
    "exports-file": Row(LOGIN, api=True),
    # sync
    "sync:overview": Row(TRANSMISSION),
    "sync:send": Row(SENDERS, POST),
    "sync:resume": Row(SENDERS, POST),
    "sync:batches": Row(TRANSMISSION),
    "sync:batch": Row(TRANSMISSION),
    "sync:compare": Row(SENDERS, POST),
    "sync:quarantine": Row(SENT_RECORDS),
    "sync:quarantined_line": Row(SENT_RECORDS),
    "sync:annotate": Row(SENT_RECORDS, POST),
    "sync:stops": Row(TRANSMISSION),
    "sync:stop_clear": Row(NODES, POST),
    "sync:nodes": Row(NODES),
    "sync:node_register": Row(NODES, POST),
    "sync:node_quota": Row(NODES, POST),
    "sync:key_propose": Row(NODES, POST),
    "sync:key_confirm": Row(NODES, POST),
    "batches-list": Row(TRANSMISSION, BOTH, api=True, to_write=SENDERS),
    "batches-detail": Row(TRANSMISSION, api=True),
    "batches-preview": Row(TRANSMISSION, api=True),
    "batches-file": Row(SENDERS, api=True),
    "batches-returned": Row(SENT_RECORDS, api=True),
    "chain-stops-list": Row(TRANSMISSION, api=True),
    "chain-stops-clear": Row(NODES, POST, api=True),
    "change-orders-list": Row(LOGIN, BOTH, api=True),
    "change-orders-detail": Row(LOGIN, api=True),
    "change-orders-seat": Row(LOGIN, POST, api=True),
    "change-orders-withdraw": Row(LOGIN, POST, api=True),
    "change-orders-execute": Row(LOGIN, POST, api=True),
    "change-orders-reminders": Row(LOGIN, POST, api=True),
    "change-orders-evidence": Row(LOGIN, POST, api=True),
    "change-orders-items": Row(LOGIN, api=True),
    "receipts-list": Row(TRANSMISSION, api=True),
    "windows-list": Row(TRANSMISSION, api=True),
    # review
    "review:list": Row(REVIEW),
    "review:decide": Row(REVIEW, POST),
    "review:approve": Row(REVIEW, POST),
    "review:approve_filtered": Row(REVIEW, POST),
    # funds
    "funds:documents": Row(LOGIN),
    "funds:document": Row(LOGIN),
    "funds:document_new": Row(ENTRY, BOTH),
    "funds:document_edit": Row(LOGIN, BOTH),
    "funds:document_step": Row(LOGIN, POST),
    "funds:document_delete": Row(LOGIN, POST),
    "funds:arrivals": Row(LOGIN),
    "funds:arrival": Row(LOGIN),
    "funds:arrival_new": Row(ENTRY, BOTH),
    "funds:arrival_edit": Row(LOGIN, BOTH),
    "funds:arrival_step": Row(LOGIN, POST),
    "funds:arrival_delete": Row(LOGIN, POST),
    "funds:save": Row(ENTRY, POST),
    "funds:check": Row(ENTRY, POST),
    "funds:draft": Row(ENTRY, POST),
    # funds: API
    "fund-documents-list": Row(LOGIN, BOTH, api=True),
    "fund-documents-detail": Row(LOGIN, ("GET", "PATCH", "DELETE"), api=True),
    "fund-documents-steps": Row(LOGIN, POST, api=True),
    "fund-documents-set-steps": Row(LOGIN, POST, api=True),
    "arrivals-list": Row(LOGIN, BOTH, api=True),
    "arrivals-detail": Row(LOGIN, ("GET", "PATCH", "DELETE"), api=True),
    "arrivals-steps": Row(LOGIN, POST, api=True),
    "arrivals-set-steps": Row(LOGIN, POST, api=True),
    "budget-items-list": Row(LOGIN, api=True),
    "fund-categories-list": Row(LOGIN, api=True),
    "code-lists-list": Row(LOGIN, api=True),
    # sync: change orders; who may do what is a verdict
    "sync:changes": Row(SENT_RECORDS),
    "sync:delegations": Row(SENT_RECORDS, BOTH),
    "sync:delegation_end": Row(SENT_RECORDS, POST),
    "sync:change_bulk": Row(DRAFTERS, BOTH),
    "sync:change_new": Row(SENT_RECORDS, BOTH),
    "sync:change_draft": Row(SENT_RECORDS, POST),
    "sync:change_check": Row(SENT_RECORDS, POST),
    "sync:change_keep": Row(SENT_RECORDS, POST),
    "sync:change_preview": Row(SENT_RECORDS, BOTH),
    "sync:change": Row(SENT_RECORDS),
    "sync:change_sign": Row(SENT_RECORDS, POST),
    "sync:change_remind": Row(SENT_RECORDS, POST),
    "sync:change_execute": Row(SENT_RECORDS, POST),
    "sync:change_withdraw": Row(SENT_RECORDS, POST),
    "sync:change_again": Row(SENT_RECORDS, POST),
    "sync:change_evidence_add": Row(SENT_RECORDS, POST),
    "sync:change_evidence": Row(SENT_RECORDS),
    "sync:change_manifest": Row(SENT_RECORDS),
    "sync:change_letter": Row(SENT_RECORDS),
    "sync:verify_letter": Row(PUBLIC),
    # rollups
    "rollups:explorer": Row(TOTALS),
    "rollups:lines": Row(TOTALS),
    "rollups:lines_file": Row(TOTALS),
    "rollups:file": Row(TOTALS),
    "rollups:cases": Row(SENT_RECORDS),
    "rollups:balances": Row(SENT_RECORDS),
    "rollups:chain": Row(LOGIN),
    "rollups:distribution": Row(LOGIN),
    "rollups:distribution_file": Row(LOGIN),
    "rollups:notice": Row(LOGIN),
    "rollups:notice_file": Row(LOGIN),
    "rollups": Row(TOTALS, api=True),
    "rollups-xlsx": Row(TOTALS, api=True),
    "rollups-csv": Row(TOTALS, api=True),
}


REACHED: dict[str, str] = {
    "accounts.Division": "a code table, open to every account",
    "accounts.Unit": "the list of units, open to every account",
    "accounts.AuditLink": "through its entry",
    "accounts.UnitSuccession": "open to every account",
    "accounts.AuditQueue": "never shown",
    "accounts.UnitPermission": "never shown; joined by scope",
    "accounts.DivisionPermission": "never shown; joined by scope",
    "accounts.PasswordHistory": "never shown",
    "accounts.ApiToken": "never shown",
    "records.CalendarYear": "open to every account",
    "records.CalendarDay": "open to every account",
    "records.Job": "the account that asked for it, and jobs.read",
    "records.Alarm": "by unit, and jobs.read",
    "records.TickRun": "jobs.read",
    "records.Review": "through its record",
    "records.RecordRevision": "through its record",
    "records.EntryDraft": "the person who typed it",
    "records.Attachment": "through its record",
    "records.Outbox": "through its record",
    "records.Identity": "through its record",
    "records.Permit": "through its record",
    "records.ReviewSetting": "open to every account",
    "records.ExportCount": "never shown",
    "records.ImportItem": "through its import",
    "records.ImportFinding": "through its import",
    "records.SheetMapping": "the unit whose workbooks it reads",
    "funds.BudgetItem": "a code table, open to every account",
    "funds.FundCategory": "a code table, open to every account",
    "funds.SumsDue": "never shown; it is empty outside a transaction",
    "sync.NodeKey": "through its node",
    "sync.ChainHead": "through its node",
    "sync.StopVoice": "through its stopped chain",
    "sync.NodeCalls": "never shown",
    "sync.DownlinkItem": "the node it is for",
    "sync.DownlinkCursor": "never shown",
    "sync.BatchItem": "through its batch",
    "sync.BatchPart": "through its batch",
    "sync.QuarantineNote": "through its line",
    "sync.ChangeItem": "through its order",
    "sync.ChangeList": "the person who looks at it",
    "sync.ChangeMove": "through its order",
    "sync.ChangeSeat": "through its order",
    "sync.ChangeSignature": "through its order",
    "sync.ChangeEvidence": "through its order",
    "sync.ChangeReminder": "through its order",
    "sync.ChangeWithdrawal": "through its order",
    "sync.ChangeMessage": "never shown",
    "sync.OpenChange": "through its order",
    "sync.SeatDelegation": "people of its unit",
    "sync.StagedLine": "never shown",
    "sync.KeptDigest": "never shown; a node asks for digests of its own records",
    "sync.KeptSum": "never shown; a node reads its own totals on its receipts",
    "sync.KeptCheck": "never shown; a difference is an alarm",
    "rollups.ChainTouched": "never shown",
    "rollups.Delta": "rollups.read, by the place's scope",
    "rollups.StateMove": "rollups.read, by the place's scope",
    "rollups.StandingLine": "rollups.read, by the place's scope; behind a figure by the document's visible_to",
    "rollups.StandingArrival": "rollups.read, by the place's scope",
    "rollups.Cell": "rollups.read, by the place's scope",
    "rollups.CellHistory": "rollups.read, by the place's scope",
    "rollups.Proof": "rollups.read",
}
"""How people reach the rows of a model whose queryset has no scope of its own (`visible_to`, `administered_by`)."""


def unreached_models() -> list[str]:
    """Models of the product that have neither a scope nor a word in `REACHED`; the build fails while there are any."""
    ours = {"accounts", "records", "funds", "sync", "rollups"}
    return sorted(
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in ours
        and not any(hasattr(model._default_manager, scope) for scope in ("visible_to", "administered_by"))
        and model._meta.label not in REACHED
    )


def uncovered_addresses() -> list[str]:
    """Addresses without a row; the build fails while there are any."""
    return sorted({name for name, _pattern in addresses()} - set(POLICY))


def addresses() -> Iterator[tuple[str, URLPattern]]:
    """Every address of the resolver: its full name and its pattern."""
    return _walk(get_resolver().url_patterns, ())


def _walk(patterns: list[Any], namespaces: tuple[str, ...]) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = (*namespaces, pattern.namespace) if pattern.namespace else namespaces
            yield from _walk(pattern.url_patterns, inner)
        else:
            yield ":".join((*namespaces, pattern.name or f"? {pattern.pattern}")), pattern
