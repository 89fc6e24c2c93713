"""What the audit trail's actions are called: `accounts.session.start` is 开始会话."""

from __future__ import annotations

from django.utils.translation import gettext as _, pgettext_lazy

from records.registry import record_types

VERBS = {
    "acknowledge": pgettext_lazy("deed", "take note of"),
    "add": pgettext_lazy("deed", "add"),
    "apply": pgettext_lazy("deed", "apply"),
    "approve": pgettext_lazy("deed", "approve"),
    "ask": pgettext_lazy("deed", "ask for"),
    "cancel": pgettext_lazy("deed", "cancel"),
    "carry_out": pgettext_lazy("deed", "carry out"),
    "change": pgettext_lazy("deed", "change"),
    "change_duties": pgettext_lazy("deed", "change the duties of"),
    "change_password": pgettext_lazy("deed", "change the password of"),
    "change_quota": pgettext_lazy("deed", "change the quota of"),
    "clear": pgettext_lazy("deed", "clear"),
    "close": pgettext_lazy("deed", "close"),
    "compare": pgettext_lazy("deed", "compare again"),
    "confirm": pgettext_lazy("deed", "confirm"),
    "confirm_second_factor": pgettext_lazy("deed", "confirm the second factor of"),
    "consent": pgettext_lazy("deed", "consent to"),
    "create": pgettext_lazy("deed", "create"),
    "delegate": pgettext_lazy("deed", "delegate"),
    "delegation_end": pgettext_lazy("deed", "end the delegation of"),
    "delete": pgettext_lazy("deed", "delete"),
    "delete_set": pgettext_lazy("deed", "delete a set of"),
    "draft": pgettext_lazy("deed", "draw up"),
    "end": pgettext_lazy("deed", "end"),
    "enter": pgettext_lazy("deed", "enter"),
    "evidence": pgettext_lazy("deed", "add evidence to"),
    "execute": pgettext_lazy("deed", "execute"),
    "expire": pgettext_lazy("deed", "let expire"),
    "export": pgettext_lazy("deed", "export"),
    "give": pgettext_lazy("deed", "give"),
    "issue": pgettext_lazy("deed", "issue"),
    "layout": pgettext_lazy("deed", "confirm the layout of"),
    "leave": pgettext_lazy("deed", "record the leaving of"),
    "lock": pgettext_lazy("deed", "lock"),
    "manifest": pgettext_lazy("deed", "take out the manifest of"),
    "move": pgettext_lazy("deed", "move"),
    "note": pgettext_lazy("deed", "annotate"),
    "open": pgettext_lazy("deed", "open"),
    "propose": pgettext_lazy("deed", "propose"),
    "put_back": pgettext_lazy("deed", "put back"),
    "receive": pgettext_lazy("deed", "receive"),
    "refuse": pgettext_lazy("deed", "refuse"),
    "register": pgettext_lazy("deed", "register"),
    "remind": pgettext_lazy("deed", "remind about"),
    "remove": pgettext_lazy("deed", "remove"),
    "reset_password": pgettext_lazy("deed", "reset the password of"),
    "reset_second_factor": pgettext_lazy("deed", "reset the second factor of"),
    "resume": pgettext_lazy("deed", "let go on"),
    "return": pgettext_lazy("deed", "return"),
    "revoke": pgettext_lazy("deed", "revoke"),
    "save": pgettext_lazy("deed", "save"),
    "save_set": pgettext_lazy("deed", "save a set of"),
    "repeat": pgettext_lazy("deed", "repeat"),
    "seal": pgettext_lazy("deed", "seal"),
    "sign": pgettext_lazy("deed", "sign"),
    "start": pgettext_lazy("deed", "start"),
    "submit": pgettext_lazy("deed", "submit"),
    "succeed": pgettext_lazy("deed", "name the successor of"),
    "undo": pgettext_lazy("deed", "undo"),
    "unlock": pgettext_lazy("deed", "unlock"),
    "upload": pgettext_lazy("deed", "upload"),
    "withdraw": pgettext_lazy("deed", "withdraw"),
    "write": pgettext_lazy("deed", "write"),
}
THINGS = {
    "accounts.grant": pgettext_lazy("deed", "exception"),
    "accounts.person": pgettext_lazy("deed", "person"),
    "accounts.session": pgettext_lazy("deed", "session"),
    "accounts.token": pgettext_lazy("deed", "token"),
    "accounts.unit": pgettext_lazy("deed", "unit"),
    "accounts.user": pgettext_lazy("deed", "account"),
    "records.alarm": pgettext_lazy("deed", "alarm"),
    "records.attachment": pgettext_lazy("deed", "attachment"),
    "records.calendar": pgettext_lazy("deed", "working calendar"),
    "records.export": pgettext_lazy("deed", "export file"),
    "records.import": pgettext_lazy("deed", "import"),
    "rollups": pgettext_lazy("deed", "totals"),
    "rollups.distribution": pgettext_lazy("deed", "distribution table"),
    "sync.batch": pgettext_lazy("deed", "batch"),
    "sync.chain": pgettext_lazy("deed", "stopped chain"),
    "sync.change": pgettext_lazy("deed", "change order"),
    "sync.node": pgettext_lazy("deed", "node"),
    "sync.node_key": pgettext_lazy("deed", "node key"),
    "sync.quarantine": pgettext_lazy("deed", "returned line"),
    "sync.seat": pgettext_lazy("deed", "seat"),
    "sync.window": pgettext_lazy("deed", "transmission window"),
}


def deed_words(action: str) -> str:
    """The action in words; an action nobody named stays as it is, so that nothing is hidden."""
    thing, _dot, verb = action.rpartition(".")
    kind = record_types().get(thing.rpartition(".")[2])
    named = THINGS.get(thing) or (kind.label if kind else "")
    if not named or verb not in VERBS:
        return action
    return _("%(verb)s %(thing)s") % {"verb": VERBS[verb], "thing": named}
