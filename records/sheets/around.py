"""What is printed around a table: its title, its unit, the words below it; and heads that stand over others."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Any

from povfund.common.money import PRINTED_UNITS
from records.sheets.form import OTHER_UNIT, UNKNOWN
from records.sheets.reading import SheetRows

Rows = list[list[Any]]
_KNOWN = "|".join(sorted(PRINTED_UNITS, key=len, reverse=True))
_UNIT_LINES = (
    re.compile(rf"单位\s*[:(]?\s*(?:[一-龥]{{1,3}}[、,/]\s*){{0,3}}(?:人民币)?\s*({_KNOWN})(?:人民币)?(?![一-龥])"),
    re.compile(rf"单位\s*[:(]\s*(?:人民币)?\s*({OTHER_UNIT})(?![一-龥a-z])", re.IGNORECASE),
)
_UNITS_BEHIND = (
    re.compile(rf"[(]\s*(?:人民币)?({_KNOWN})\s*[)]"),
    re.compile(rf"[(]\s*(?:单位)?(?:人民币)?({OTHER_UNIT})\s*[)]", re.IGNORECASE),
)
TAIL = 6
"""Rows at the end of a sheet in which words are looked for."""


def unmerged(sheet: SheetRows, look: int) -> Rows:
    """The first rows by their number in the sheet, with merged heads repeated in each of their cells."""
    blank: list[Any] = [""] * max((len(row) for row in sheet.rows[:look]), default=0)
    top = [list(blank) for _row in range(min(sheet.first, look))]
    top += [list(row) for row in sheet.rows[: look - len(top)]]
    for upper, left, lower, right in sheet.merged:
        if lower >= len(top) or left >= len(top[upper]):
            continue
        value = top[upper][left]
        if lower == upper and right - left + 1 >= len(top[upper]) - 1:
            continue
        for row in range(upper, lower + 1):
            for column in range(left, min(right + 1, len(top[row]))):
                top[row][column] = top[row][column] or value
    return top


def words_above(top: Rows, head: int) -> list[str]:
    """Every cell above the heads, from the top."""
    return [str(cell).strip() for row in top[:head] for cell in dict.fromkeys(row) if cell != ""]


def words_below(sheet: SheetRows, head: int) -> list[str]:
    """Lines of words at the end of the sheet: a cell alone in its row. Cells of the table are none."""
    tail = sheet.rows[max(head + 1 - sheet.first, len(sheet.rows) - TAIL, 0) :]
    alone = [filled[0] for row in tail if len(filled := [cell for cell in row if cell != ""]) == 1]
    return [cell.strip() for cell in alone if isinstance(cell, str)]


def unit_around(top: Rows, head: int, sheet: SheetRows) -> str:
    """
    The unit printed above the heads, below the table, or in the name of the sheet: 单位：元, (万元). UNKNOWN where
    one is printed that nobody knows; empty where none is.
    """
    over, under = ([_line_of(row) for row in rows] for rows in (top[:head], sheet.rows[-TAIL:]))
    named = [*over, _line_of([sheet.name])]
    for patterns, lines in ((_UNIT_LINES, [*over, *under]), (_UNITS_BEHIND, named)):
        for pattern in patterns:
            for line in lines:
                if match := pattern.search(line):
                    return PRINTED_UNITS.get(match[1], UNKNOWN)
    return ""


def _line_of(row: list[Any]) -> str:
    """The words of a row, half-width: the unit may stand in the cell beside 单位:."""
    return unicodedata.normalize("NFKC", " ".join(cell for cell in row if isinstance(cell, str) and cell))


def first_head_row(sheet: SheetRows, head: int) -> int:
    """The row in which the heads begin: those that span rows say so."""
    return min([upper for upper, _left, lower, _right in sheet.merged if upper < head <= lower], default=head)


def over_each(top: Rows, row: int, sheet: SheetRows) -> list[str]:
    """What stands in that row over each column; in a row without merged cells also over those right of it."""
    texts = [str(cell).strip() for cell in top[row]]
    if any(upper <= row <= lower for upper, _left, lower, _right in sheet.merged):
        return texts
    held = ""
    for index, text in enumerate(texts):
        held = texts[index] = text or held
    return texts


def likely_head(top: Rows) -> int | None:
    """The row that looks like heads where none is known: most words, above a row of words and numbers."""
    best, score = None, 1
    for position, (row, below) in enumerate(pairwise(top)):
        words = sum(isinstance(cell, str) and cell != "" for cell in row)
        kinds = {type(cell) for cell in below if cell != ""}
        if words > score and words == len(row) - row.count("") and str in kinds and kinds & {int, float}:
            best, score = position, words
    return best
