"""Cells of findings: where a place of the content stands in the sheet it was read from."""

from __future__ import annotations

import re

from records.sheets.form import Typed
from records.sheets.layout import Layout

_FIELD = re.compile(r"^\w+\[(\d+)\](?:\.(\w+))?$")


class Places:
    """The columns of one sheet by the field they fill, looked up once for all its findings."""

    def __init__(self, layout: Layout, value: str) -> None:
        self.sheet = layout.sheet
        self.side_by_side = layout.matrix or len(layout.columns_of(value)) > 1
        self.index_of = {head.field: head.index for head in layout.heads}

    def cell(self, field_path: str, record: Typed) -> tuple[int, int]:
        """Row and column a finding of the rules speaks of: `lines[2].amount` of a record read from rows."""
        match = _FIELD.match(field_path)
        if match and int(match[1]) < len(record.cells):
            row, amount = record.cells[int(match[1])]
            child = field_path.partition("[")[0]
            return row, self.index_of.get(f"{child}.{match[2]}", amount)
        return record.row, self.index_of.get(field_path, self.index_of.get("uid", 0) if field_path == "rev" else 0)

    def line(self, n: int, record: Typed) -> tuple[int, int]:
        """The cell by which a child row is named: its amount where several stand in a row, else what it is about."""
        return record.cells[n] if self.side_by_side else self.cell(f"lines[{n}].recipient", record)
