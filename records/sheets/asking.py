"""What a person must say before a sheet can be read: each open place by its column and head, and how it is mended."""

from __future__ import annotations

from povfund.common.errors import Finding
from povfund.common.phrases import phrase as _
from records.sheets.cells import address
from records.sheets.form import SheetForm
from records.sheets.layout import IGNORED, OPEN, TOTAL, Head, Layout


def open_questions(layout: Layout, sheet_form: SheetForm) -> list[str]:
    """
    Names of what must be answered before the sheet can be read: fields; `column:<index>` of an open head, or of one
    that says what another says; `column:<index>:<field>` of what an amount column does not say of its lines; `unit`
    where a unit of money is printed that is not known.
    """
    has = {head.field for head in layout.heads}
    asks = [f"column:{head.index}" for head in layout.heads if head.text and head.field == OPEN]
    asks += [f"column:{index}" for index in doubled(layout, sheet_form)]
    asks += [] if layout.unit else ["unit"]
    spread = layout.columns_of(sheet_form.value) if sheet_form.value else []
    for column in sheet_form.columns:
        if not column.required or column.name in has or layout.fixed.get(column.name) not in (None, ""):
            continue
        lacking = [head for head in spread if not head.values.get(column.name)]
        if column.child and (len(lacking) < len(spread) or said_by_columns(column.name, layout, sheet_form)):
            asks += [f"column:{head.index}:{column.name}" for head in lacking]
        else:
            asks.append(column.name)
    return asks


def doubled(layout: Layout, sheet_form: SheetForm) -> dict[int, Head]:
    """Index of a column -> an earlier one that is said to hold the very same. What is still asked for is no double."""
    first: dict[tuple[str, frozenset[tuple[str, str]]], Head] = {}
    found = {}
    for head in layout.heads:
        if head.field in (OPEN, IGNORED, TOTAL) or any(head.values.get(axis) == "" for axis in sheet_form.axes):
            continue
        same = first.setdefault((head.field, frozenset(item for item in head.values.items() if item[1])), head)
        if same is not head:
            found[head.index] = same
    return found


def said_by_columns(name: str, layout: Layout, sheet_form: SheetForm) -> bool:
    """Does each amount column say this of its lines: the category or the place of a matrix?"""
    return name in sheet_form.axes and any(name in head.values for head in layout.heads)


def told_open(layout: Layout, ask: str, sheet_form: SheetForm) -> Finding:
    """An open question in words: which column it is, and what can be done."""
    sheet = {"sheet": layout.sheet}
    if ask == "unit":
        return Finding(
            "UNIT",
            _("Sheet “%(sheet)s” prints a unit of money that is not known.") % sheet,
            field=ask,
            remedy=_("Choose the unit of its amounts; amounts of another currency cannot be imported."),
        )
    if not ask.startswith("column:"):
        label = sheet | {"field": sheet_form.column(ask).label}
        return Finding(
            "HEADER",
            _("Sheet “%(sheet)s”: “%(field)s” is neither a column nor filled in above the columns.") % label,
            field=ask,
            remedy=_("Fill it in above the columns, or say which column holds it."),
        )
    _column, index, *name = ask.split(":")
    told = sheet | _named(next(head for head in layout.heads if head.index == int(index)))
    if name:
        return Finding(
            "HEADER",
            _("Sheet “%(sheet)s”, column %(letter)s “%(head)s”: “%(field)s” is not said.")
            % (told | {"field": sheet_form.column(name[0]).label}),
            field=ask,
            remedy=_("Choose it in the row of this column under “Stands for”, or leave the column out."),
        )
    if same := doubled(layout, sheet_form).get(int(index)):
        other = {f"other_{key}": value for key, value in _named(same).items()}
        return Finding(
            "HEADER",
            _(
                "Sheet “%(sheet)s”: columns %(other_letter)s “%(other_head)s” and %(letter)s “%(head)s” are both said"
                " to be “%(field)s”."
            )
            % (told | other | {"field": sheet_form.column(same.field).label}),
            field=ask,
            remedy=_("Leave one of them out; of two amounts, or say under “Stands for” in what they differ."),
        )
    return Finding(
        "HEADER",
        _("Sheet “%(sheet)s”: column %(letter)s “%(head)s” is not assigned yet.") % told,
        field=ask,
        remedy=_("Choose under “Is” what the column holds, or leave it out."),
    )


def _named(head: Head) -> dict[str, str]:
    return {"letter": address(0, head.index)[:-1], "head": head.text}
