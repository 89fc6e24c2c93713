"""Cells of findings: where a place of the content stands in the sheets it was read from."""

from __future__ import annotations

import re
from collections.abc import Sequence

from records.sheets.form import Typed
from records.sheets.layout import Layout

_FIELD = re.compile(r"^\w+\[(\d+)\](?:\.(\w+))?$")
Cell = tuple[int, int, int]
"""Number of the sheet, row, column; from 0."""


class Places:
    """The columns of every sheet by the field they fill, looked up once for all findings."""

    def __init__(self, layouts: Sequence[Layout], value: str) -> None:
        self.side_by_side = {at.number: at.matrix or len(at.columns_of(value)) > 1 for at in layouts}
        self.index_of = {at.number: {head.field: head.index for head in at.heads} for at in layouts}

    def cell(self, field_path: str, record: Typed) -> Cell:
        """The cell a finding of the rules speaks of: `lines[2].amount` of a record read from rows."""
        match = _FIELD.match(field_path)
        if match and int(match[1]) < len(record.cells):
            sheet, row, amount = record.cells[int(match[1])]
            child = field_path.partition("[")[0]
            return sheet, row, self.index_of[sheet].get(f"{child}.{match[2]}", amount)
        index_of = self.index_of[record.sheet]
        column = index_of.get(field_path, index_of.get("uid", 0) if field_path == "rev" else 0)
        return record.sheet, record.row, column

    def line(self, n: int, record: Typed) -> Cell:
        """The cell by which a child row is named: its amount where several stand in a row, else what it is about."""
        cell = record.cells[n]
        return cell if self.side_by_side[cell[0]] else self.cell(f"lines[{n}].recipient", record)
