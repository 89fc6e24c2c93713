"""What rules and errors of reading are called: F04 分解不超上级, 日期."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy

from records.registry import record_types

WORDS: dict[str, str | Promise] = {
    "AMBIGUOUS": pgettext_lazy("rule", "more than one meaning"),
    "BAD_AMOUNT": pgettext_lazy("rule", "amount"),
    "BAD_DATE": pgettext_lazy("rule", "date"),
    "CHAIN_OLD": pgettext_lazy("rule", "older workbook"),
    "CODE_RETIRED": pgettext_lazy("rule", "code no longer in force"),
    "CYCLE": pgettext_lazy("rule", "level of the parent document"),
    "DRAFT_ELSEWHERE": pgettext_lazy("rule", "typed in another window"),
    "DUPLICATE": pgettext_lazy("rule", "repeated"),
    "ENCODING": pgettext_lazy("rule", "characters of the file"),
    "E_NOTATION": pgettext_lazy("rule", "lost digits"),
    "EVIDENCE": pgettext_lazy("rule", "evidence"),
    "FILE_EMPTY": pgettext_lazy("rule", "empty file"),
    "FILE_KIND": pgettext_lazy("rule", "kind of the file"),
    "FILE_SIZE": pgettext_lazy("rule", "size of the file"),
    "FIXED": pgettext_lazy("rule", "stays as it is"),
    "FORBIDDEN": pgettext_lazy("rule", "not permitted"),
    "FORMULA": pgettext_lazy("rule", "formula or error"),
    "FOUR_EYES": pgettext_lazy("rule", "four eyes"),
    "HEADER": pgettext_lazy("rule", "heads of the table"),
    "HIDDEN": pgettext_lazy("rule", "hidden parts"),
    "IMPORT": pgettext_lazy("rule", "state of the import"),
    "JOB": pgettext_lazy("rule", "background work"),
    "LINKS": pgettext_lazy("rule", "links to other files"),
    "MISSING_REF": pgettext_lazy("rule", "record referred to"),
    "NO_CHANGE": pgettext_lazy("rule", "nothing changes"),
    "NOT_FOUND": pgettext_lazy("rule", "record not found"),
    "ONE_LINE": pgettext_lazy("rule", "one line for each order"),
    "OPEN_ORDER": pgettext_lazy("rule", "open order"),
    "PARTS": pgettext_lazy("rule", "one number on several sheets"),
    "REASON": pgettext_lazy("rule", "reason for a warning"),
    "REFERENCED": pgettext_lazy("rule", "referred to"),
    "REMARK": pgettext_lazy("rule", "line of words"),
    "REMOVED": pgettext_lazy("rule", "line taken out"),
    "SHAPE": pgettext_lazy("rule", "form of the entry"),
    "SHEET": pgettext_lazy("rule", "sheet not read"),
    "STALE": pgettext_lazy("rule", "changed meanwhile"),
    "STATED_TOTAL": pgettext_lazy("rule", "total of the document"),
    "STATE": pgettext_lazy("rule", "state of the record"),
    "STORAGE": pgettext_lazy("rule", "storage"),
    "TAMPERED": pgettext_lazy("rule", "changed past the system"),
    "TEXT": pgettext_lazy("rule", "invisible characters"),
    "TOO_LARGE": pgettext_lazy("rule", "size of the record"),
    "TOTAL": pgettext_lazy("rule", "printed total"),
    "UNIT": pgettext_lazy("rule", "unit of the amounts"),
}
"""Names of what is found beside the rules of the catalogue."""


def rule_words(code: str) -> str:
    """A rule of the catalogue by its code and name, anything else by its name alone, in the reader's language."""
    name = next((kind.rules[code] for kind in record_types().values() if code in kind.rules), None)
    return str(WORDS.get(code, code)) if name is None else f"{code} {name}"


def rule_line(code: str) -> str:
    """The same as a line of its own: a rule of the catalogue is called one."""
    words = rule_words(code)
    return words if code in WORDS else gettext("Rule %(rule)s") % {"rule": words}
