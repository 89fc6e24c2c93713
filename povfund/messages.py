"""Translations without gettext: compiles .po to .mo, and finds what is missing or fuzzy."""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
LANGUAGE = "zh_Hans"
APPS = ("povfund", "accounts", "records", "funds", "sync", "rollups")
FUNCTIONS = {
    "_": 1,
    "gettext": 1,
    "gettext_lazy": 1,
    "gettext_noop": 1,
    "ngettext": 2,
    "ngettext_lazy": 2,
    "pgettext": 1,
    "pgettext_lazy": 1,
    "npgettext": 2,
    "npgettext_lazy": 2,
}
TEMPLATE_TEXT = re.compile(
    r"""\{%\s*(?:translate|trans)\s+(?P<q>["'])(?P<text>.*?)(?P=q)(?:\s+context\s+["'](?P<context>.*?)["'])?[^%]*%\}"""
    r"""|\b_\((?P<q2>["'])(?P<text2>.*?)(?P=q2)\)"""
)
TEMPLATE_BLOCK = re.compile(
    r"\{%\s*blocktrans(?:late)?(?P<head>[^%]*)%\}(?P<body>.*?)\{%\s*endblocktrans(?:late)?\s*%\}", re.DOTALL
)
PLURAL = re.compile(r"\{%\s*plural\s*%\}")
VARIABLE = re.compile(r"\{\{\s*([\w.]+)[^}]*\}\}")
CONTEXT = re.compile(r"""context\s+["'](.*?)["']""")
HALF_WIDTH = re.compile(
    r"[\u4e00-\u9fff\u201d\u300b\u3015\uff09][,;:!?]|[,;][\u4e00-\u9fff\u201c]|(?<!%)\([^()%]*[\u4e00-\u9fff][^()]*\)"
)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")


@dataclass
class Entry:
    """One message of a .po file; `key` is (context, msgid)."""

    context: str | None = None
    msgid: str = ""
    plural: str | None = None
    texts: dict[int, str] = field(default_factory=dict)
    fuzzy: bool = False
    line: int = 0

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.msgid


class PoError(ValueError):
    """A .po file that cannot be read; names file and line."""


def parse_po(path: Path) -> list[Entry]:
    """All entries, the header (empty msgid) included. Raises PoError."""
    entries, entry, target, fuzzy = [], Entry(), "", False
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            continue
        match = re.fullmatch(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?)?\s*(".*")', line)
        if match is None:
            raise PoError(f"{path}:{number}: cannot read “{line}”; write msgid or msgstr and a quoted text.")
        keyword, text = match.group(1), str(ast.literal_eval(match.group(2)))
        if keyword == "msgctxt" or (keyword == "msgid" and target != "msgctxt"):
            entry = Entry(fuzzy=fuzzy, line=number)
            entries.append(entry)
            fuzzy = False
        target = keyword or target
        _append(entry, target, text)
    return entries


def _append(entry: Entry, target: str, text: str) -> None:
    if target == "msgctxt":
        entry.context = (entry.context or "") + text
    elif target == "msgid":
        entry.msgid += text
    elif target == "msgid_plural":
        entry.plural = (entry.plural or "") + text
    else:
        index = int(target[7:-1]) if target.endswith("]") else 0
        entry.texts[index] = entry.texts.get(index, "") + text


def compile_mo(entries: list[Entry]) -> bytes:
    """The bytes of a GNU .mo file; fuzzy and empty entries are left out."""
    pairs = []
    for entry in entries:
        texts = [entry.texts[i] for i in sorted(entry.texts)]
        if entry.fuzzy or not any(texts):
            continue
        key = entry.msgid if entry.plural is None else f"{entry.msgid}\0{entry.plural}"
        key = key if entry.context is None else f"{entry.context}\x04{key}"
        pairs.append((key.encode(), "\0".join(texts).encode()))
    pairs.sort()
    count, offset = len(pairs), 28 + 16 * len(pairs)
    tables, blob = [], b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), offset + len(blob)))
            blob += pair[column] + b"\0"
    head = struct.pack("<IIIIIII", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0)
    return head + b"".join(tables) + blob


def po_files() -> list[Path]:
    """The .po file of each app that has one."""
    paths = (BASE_DIR / app / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po" for app in APPS)
    return [path for path in paths if path.exists()]


def compile_all() -> None:
    """Write each .mo beside its .po."""
    for path in po_files():
        path.with_suffix(".mo").write_bytes(compile_mo(parse_po(path)))


@dataclass(frozen=True)
class Use:
    """Where a source asks for a translation."""

    path: Path
    line: int
    context: str | None
    msgid: str


def uses() -> Iterator[Use]:
    """Every marked string in the Python sources and templates of the apps."""
    for app in APPS:
        for path in sorted((BASE_DIR / app).rglob("*.py")):
            yield from _python_uses(path)
        for path in sorted((BASE_DIR / app).rglob("templates/**/*.html")):
            yield from _template_uses(path)
    for path in sorted((BASE_DIR / "templates").rglob("*.html")):
        yield from _template_uses(path)


def _python_uses(path: Path) -> Iterator[Use]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in FUNCTIONS:
            continue
        skip = 1 if name.lstrip("n").startswith("pgettext") else 0
        texts = [arg.value if isinstance(arg, ast.Constant) else None for arg in node.args[: skip + 1]]
        if len(texts) == skip + 1 and all(isinstance(text, str) for text in texts):
            yield Use(path, node.lineno, str(texts[0]) if skip else None, str(texts[-1]))


def _template_uses(path: Path) -> Iterator[Use]:
    source = path.read_text("utf-8")
    for match in TEMPLATE_TEXT.finditer(source):
        yield Use(path, _line(source, match), match["context"], match["text"] or match["text2"])
    for match in TEMPLATE_BLOCK.finditer(source):
        body = PLURAL.split(match["body"])[0]
        if re.search(r"\btrimmed\b", match["head"]):
            body = " ".join(line.strip() for line in body.strip().splitlines())
        context = CONTEXT.search(match["head"])
        msgid = VARIABLE.sub(r"%(\1)s", body.replace("%", "%%"))
        yield Use(path, _line(source, match), context and context.group(1), msgid)


def _line(source: str, match: re.Match[str]) -> int:
    return source.count("\n", 0, match.start()) + 1


def problems() -> list[str]:
    """What is missing, fuzzy, empty, doubled, has half-width marks or placeholders of its own; one line each."""
    found, known = [], {}
    for path in po_files():
        for entry in parse_po(path):
            where = f"{path.relative_to(BASE_DIR)}:{entry.line}: “{entry.msgid[:60]}”"
            if entry.key in known and known[entry.key].texts != entry.texts and entry.msgid:
                found.append(f"{where} has another text in another app; give one of them a context")
            known[entry.key] = entry
            faults = _faults(entry) if entry.msgid else _header_faults(entry)
            found += [f"{where} {fault}" for fault in faults]
    known.update(dict.fromkeys(_django_keys(), Entry()))
    for use in uses():
        if use.msgid and (use.context, use.msgid) not in known:
            found.append(
                f"{use.path.relative_to(BASE_DIR)}:{use.line}: “{use.msgid[:80]}” has no {LANGUAGE} translation"
            )
    return found


def _faults(entry: Entry) -> Iterator[str]:
    if entry.fuzzy:
        yield "is fuzzy"
    if not entry.texts or not all(entry.texts.values()):
        yield "is empty"
    for text in entry.texts.values():
        if text and _placeholders(text) - _placeholders(entry.plural or entry.msgid) - _placeholders(entry.msgid):
            yield "has placeholders its msgid lacks"
        if HALF_WIDTH.search(text):
            yield "writes a half-width mark in Chinese"


def _header_faults(entry: Entry) -> Iterator[str]:
    for wanted in ("charset=UTF-8", "Plural-Forms: nplurals=1; plural=0;"):
        if wanted not in "".join(entry.texts.values()):
            yield f"is the header and lacks “{wanted}”"


def _placeholders(text: str) -> set[str]:
    return {match.group(0) for match in PLACEHOLDER.finditer(text)}


def _django_keys() -> set[tuple[str | None, str]]:
    """Messages Django itself translates."""
    import django

    path = Path(django.__file__).parent / "conf" / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
    return {entry.key for entry in parse_po(path) if any(entry.texts.values())}


def main(arguments: list[str]) -> int:
    if arguments == ["compile"]:
        compile_all()
        return 0
    if arguments == ["check"]:
        found = problems()
        print("\n".join(found) or "Translations are complete.")
        return 1 if found else 0
    print("Usage: python -m povfund.messages compile | check", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
