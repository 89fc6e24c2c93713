#!/usr/bin/env python3
"""
审计链核验 — checks an exported audit trail without the product: Python's standard library alone.

Usage: python3 docs/verify_audit.py trail.ndjson [--head N:HASH ...]

The file is written by `manage.py verify_audit --export trail.ndjson`; its format and the hashes
are described in docs/rules/audit-chain.md. `--head` is an anchor from a batch, a receipt or a
printed sheet: the trail must still contain that link. Exit code 0 means the chain is whole; 1
names the first bad row; 2 means the file cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

GENESIS = "0" * 64
UNLINKED_SECONDS = 60


@dataclass
class Report:
    """What was found: links seen, the last hash, and the problems in order of the file."""

    links: int = 0
    head: str = GENESIS
    unlinked: int = 0
    problems: list[str] = field(default_factory=list)


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256 over a prefix and the entry as JSON with sorted keys and no spaces."""
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"povfund-audit-entry-1\0" + text.encode("utf-8", "surrogatepass")).hexdigest()


def link_hash(n: int, entry_id: int, digest: str, prev: str) -> str:
    """SHA-256 over a prefix, the link's number, the entry's id and hash, and the hash of the link before."""
    return hashlib.sha256(b"povfund-audit-link-1\0" + f"{n}\0{entry_id}\0{digest}\0{prev}".encode()).hexdigest()


def verify(rows: Iterable[dict[str, Any]], heads: dict[int, str] | None = None) -> Report:
    """Check rows in the order of the file; every problem found is kept, the first one matters most."""
    report, wanted = Report(), dict(heads or {})
    waiting: list[dict[str, Any]] = []
    exported_at: datetime | None = None
    for number, row in enumerate(rows, 1):
        if "exported_at" in row:
            exported_at = datetime.fromisoformat(row["exported_at"])
        elif row.get("n") is None:
            waiting.append(row["entry"])
        else:
            _check_link(row, number, report)
            if wanted.get(row["n"]) == row["hash"]:
                del wanted[row["n"]]
    if exported_at is None:
        report.problems.append("the last line is missing: the file was cut off")
    _check_waiting(waiting, exported_at, report)
    for n, digest in sorted(wanted.items()):
        report.problems.append(f"link {n}: not in the trail with hash {digest[:16]}…; the tail was cut or rewritten")
    return report


def _check_link(row: dict[str, Any], number: int, report: Report) -> None:
    n, entry = row["n"], row.get("entry")
    where = f"line {number}, link {n}"
    expected = report.links + 1
    if n != expected:
        report.problems.append(f"{where}: link {expected} should stand here; a link was removed, added or moved")
    if row["prev"] != report.head:
        report.problems.append(f"{where}: does not continue the link before it")
    if entry is None:
        report.problems.append(f"{where}: its entry is gone")
    else:
        where += f", entry {entry.get('id')}"
        if entry_hash(entry) != row["entry_hash"]:
            report.problems.append(f"{where}: the entry is not the one that was linked")
        if link_hash(n, entry.get("id"), row["entry_hash"], row["prev"]) != row["hash"]:
            report.problems.append(f"{where}: the link's hash is not right")
    report.links, report.head = n, row["hash"]


def _check_waiting(waiting: list[dict[str, Any]], exported_at: datetime | None, report: Report) -> None:
    report.unlinked = len(waiting)
    for entry in waiting:
        age = (exported_at - datetime.fromisoformat(entry["at"])).total_seconds() if exported_at else 0
        if age > UNLINKED_SECONDS:
            report.problems.append(f"entry {entry['id']}: without a link since {entry['at']}")


def read(path: str) -> Iterator[dict[str, Any]]:
    """The rows of an export."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def _head(text: str) -> tuple[int, str]:
    n, _colon, digest = text.partition(":")
    if not n.isdigit() or len(digest) != 64:
        raise argparse.ArgumentTypeError("write N:HASH with 64 hexadecimal digits")
    return int(n), digest


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit trail.")
    parser.add_argument("file")
    parser.add_argument("--head", action="append", type=_head, default=[], metavar="N:HASH", help="a known link")
    options = parser.parse_args(arguments)
    try:
        report = verify(read(options.file), dict(options.head))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"{options.file} cannot be read: {error!r}", file=sys.stderr)
        return 2
    for problem in report.problems:
        print(problem)
    if report.problems:
        print(f"BAD: {len(report.problems)} problem(s); the first is {report.problems[0]}")
        return 1
    print(f"OK: {report.links} links, head {report.links}:{report.head}, {report.unlinked} entries await their link")
    return 0


if __name__ == "__main__":
    sys.exit(main())
