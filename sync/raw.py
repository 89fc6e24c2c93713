"""Bytes of a line as a person may look at them: exactly, and without anything that acts on the screen."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sync.choices import Direction
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import PartInfo
from sync.fpb.parts import iter_lines
from sync.models import BatchPart, LineOutcome
from sync.sealing.build import folder_of

MOST = 64 * 1024
"""Bytes shown at once; longer lines are cut, and say so."""
PER_ROW = 16
HIDDEN = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
"""Unicode categories that are not printed: controls, direction marks, private use, line separators."""


@dataclass(frozen=True, slots=True)
class Raw:
    """原始字节 — `text` is printable; `hex` says that the bytes were no UTF-8 and are shown as a dump."""

    text: str
    hex: bool
    size: int
    cut: bool


def shown(data: bytes) -> Raw:
    """Text where the bytes are UTF-8, with characters that cannot be seen written as \\uXXXX; else a hex dump."""
    piece = data[:MOST]
    try:
        text = piece.decode("utf-8") if len(data) <= MOST else _decoded_piece(piece)
    except UnicodeDecodeError:
        return Raw(_dump(piece[: MOST // 4]), True, len(data), len(data) > MOST // 4)
    return Raw("".join(map(_visible, text)), False, len(data), len(data) > MOST)


def _decoded_piece(piece: bytes) -> str:
    """The text of a piece that may end within a character. Raises UnicodeDecodeError."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(piece) - 3:
            raise
        return piece[: error.start].decode("utf-8")


def _visible(character: str) -> str:
    if unicodedata.category(character) not in HIDDEN:
        return character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _dump(data: bytes) -> str:
    rows = []
    for start in range(0, len(data), PER_ROW):
        piece = data[start : start + PER_ROW]
        plain = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in piece)
        rows.append(f"{start:08x}  {piece.hex(' '):<{PER_ROW * 3 - 1}}  {plain}")
    return "\n".join(rows)


def line_of_file(outcome: LineOutcome) -> bytes | None:
    """The line of a sent batch from its own file, byte for byte; None where the file is gone or damaged."""
    first = 1
    for part in BatchPart.objects.filter(batch=outcome.batch_id, batch__direction=Direction.OUT).order_by("n"):
        if first <= outcome.line_no < first + part.lines:
            return _line_of(outcome, part, outcome.line_no - first)
        first += part.lines
    return None


def _line_of(outcome: LineOutcome, part: BatchPart, skipped: int) -> bytes | None:
    info = PartInfo(n=part.n, lines=part.lines, stored=part.stored, raw=part.raw, sha256=part.sha256)
    try:
        lines = iter_lines(folder_of(outcome.batch) / f"{part.n:04d}.part", info)
        return next((line for n, line in enumerate(lines) if n == skipped), None)
    except (OSError, RejectedInput):
        return None
