"""Reading totals: summary cells plus what is still pending, in one snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection

from accounts.models import Division
from funds.models import BudgetItem, FundCategory
from povfund.common import clock
from rollups.choices import TAKEN_OFF, DataState, Dimension, Measure, Version, states_from
from rollups.services.orders import corrected_keys, touching
from rollups.sql import NODES, PENDING

HERE = {
    Measure.ALLOCATED: "given_here",
    Measure.ARRIVED: "arrived_here",
    Measure.PASSED_DOWN: "passed_here",
    Measure.UNALLOCATED: "given_here",
}
"""
Stored measure that holds, of what a measure counts, what ends at the place itself. Money passed on is counted at
each level by a record of its own, so that lines of places below are not lines of the place above. The lines of
all other measures are.
"""

COLUMN_OF = {
    Dimension.DIVISION: "node",
    Dimension.YEAR: "year",
    Dimension.FUND_CATEGORY: "category_id",
    Dimension.BUDGET_ITEM: "item_id",
    Dimension.MONEY_LEVEL: "money_level",
    Dimension.UNIT_KIND: "unit_kind",
    Dimension.STATE: "state",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    汇总查询 — which figure: a place, one or two dimensions, filters, data state, cut-off.

    `category_ids` and `item_ids` are ids of the code tables, a national category with all below it. Rows by
    category are national ones; those of provinces stand apart once one national category is asked for.
    `as_of` counts what moved on or before that day; None is now.
    """

    node: Division
    by: tuple[str, ...] = (Dimension.DIVISION,)
    measure: str = Measure.ALLOCATED
    years: tuple[int, ...] = ()
    category_ids: tuple[int, ...] = ()
    item_ids: tuple[int, ...] = ()
    money_levels: tuple[str, ...] = ()
    unit_kinds: tuple[str, ...] = ()
    data_state: str = DataState.ACKNOWLEDGED
    as_of: date | None = None
    version: str = Version.CORRECTED


@dataclass(slots=True)
class Figure:
    """One sum: lines and 分; `here` of the lines end at the place itself."""

    n: int = 0
    fen: int = 0
    here: int = 0


@dataclass(slots=True)
class Answer:
    """
    汇总结果 — figures by key (one value per dimension), the place's own total, and coverage.

    `kept` is the money of the total less that of the rows, with the lines of the total that are of no row.
    `passed_on` counts the lines of the rows that are none of the total: they pass on what a line of the total
    had brought. rows + kept − passed_on = total, in lines; rows + kept − short = total, in 分. `short` is what places
    below say has arrived beyond what the place itself has reported: each level enters its arrivals by itself, and what
    is reported below was not kept here.
    """

    rows: dict[tuple[Any, ...], Figure] = field(default_factory=dict)
    total: Figure = field(default_factory=Figure)
    kept: Figure = field(default_factory=Figure)
    passed_on: int = 0
    short: int = 0
    divisions: dict[str, Division] = field(default_factory=dict)
    expected: int = 0
    received: int = 0
    pending_changes: int = 0


def answer(question: Question) -> Answer:
    """
    The figures of a question; a fixed number of queries, flat in the number of facts.

    Reads cells (history where `as_of` is given) and pending deltas in one statement, so that a
    figure is exact while a merge runs.
    """
    result = Answer()
    by_division = Dimension.DIVISION in question.by
    result.divisions = {child.scope_key: child for child in _children(question)}
    own, national = question.node.scope_key, _national(question)
    nodes = [own, *result.divisions]
    figures = _figures(question, nodes=nodes)
    if question.version == Version.FIRST:
        from rollups.services.first_reported import first_less_now

        figures += first_less_now(question, nodes=nodes)
    with_lines: Counter[str] = Counter()
    for key, node, figure in figures:
        if node != own:
            with_lines[node] += figure.n
        else:
            result.total.n += figure.n
            result.total.fen += figure.fen
            result.total.here += figure.here
        if by_division == (node != own):
            row = result.rows.setdefault(_shown_key(key, question, national), Figure())
            row.n += figure.n
            row.fen += figure.fen
    if question.version == Version.CORRECTED and question.by != (Dimension.DIVISION,):
        for key in corrected_keys(question):
            result.rows.setdefault(key, Figure())
    _settle(question, result, {node for node, n in with_lines.items() if n})
    result.pending_changes = touching(question).count()
    return result


def _national(question: Question) -> dict[Any, Any]:
    """Provincial category -> the national one above it, where rows are to show national ones."""
    if Dimension.FUND_CATEGORY not in question.by or question.category_ids:
        return {}
    return dict(FundCategory.objects.exclude(parent=None).values_list("pk", "parent"))


def _shown_key(key: tuple[Any, ...], question: Question, national: dict[Any, int]) -> tuple[Any, ...]:
    """The key of the row a figure belongs to."""
    if not national:
        return key
    at = question.by.index(Dimension.FUND_CATEGORY)
    return (*key[:at], national.get(key[at], key[at]), *key[at + 1 :])


def _settle(question: Question, result: Answer, with_lines: set[str]) -> None:
    """Coverage, what was kept, and children that had nothing but were due."""
    shown = Figure(sum(f.n for f in result.rows.values()), sum(f.fen for f in result.rows.values()))
    least = max(0, result.total.n - shown.n)
    passing_on = Dimension.DIVISION in question.by and question.measure in HERE
    fen = beyond = result.total.fen - shown.fen
    if passing_on and question.measure == Measure.ARRIVED:
        fen = max(beyond, min(0, result.total.fen))
    result.short = fen - beyond
    result.kept = Figure(max(result.total.here, least) if passing_on else least, fen)
    result.passed_on = shown.n + result.kept.n - result.total.n
    in_force = {key for key, child in result.divisions.items() if _in_force(child, question)}
    result.expected, result.received = len(in_force | with_lines), len(with_lines)
    result.divisions = {k: d for k, d in result.divisions.items() if k in in_force or k in with_lines}
    if question.by == (Dimension.DIVISION,):
        result.rows = {(key,): result.rows.get((key,), Figure()) for key in result.divisions}


def _in_force(child: Division, question: Question) -> bool:
    """Was the division's code valid in the year asked for (today's year without one)?"""
    year = question.years[0] if len(question.years) == 1 else clock.today().year
    day = date(year, 12, 31)
    return (child.valid_from is None or child.valid_from <= day) and (child.valid_to is None or child.valid_to > day)


def _children(question: Question) -> list[Division]:
    return list(Division.objects.filter(parent=question.node).order_by("scope_key"))


def _figures(question: Question, *, nodes: list[str]) -> list[tuple[tuple[Any, ...], str, Figure]]:
    """(key, node, figure) of every group at the given nodes."""
    columns = [COLUMN_OF[Dimension(name)] for name in question.by]
    grouped = ", ".join(dict.fromkeys(["node", *columns]))
    where, params = _conditions(question)
    cutoff = " AND cutoff <= %(as_of)s" if question.as_of else ""
    table = "rollups_cellhistory" if question.as_of else "rollups_cell"
    names = "measure, node, year, category_id, item_id, money_level, unit_kind, state, n, fen"
    pending = NODES.format(d="t", table=PENDING)
    statement = f"""
        SELECT {grouped}, coalesce(sum(n) FILTER (WHERE measure = %(counted)s), 0),
            coalesce(sum(n) FILTER (WHERE measure = %(here)s), 0),
            coalesce(sum(CASE WHEN measure = %(counted)s THEN fen ELSE -fen END)
                FILTER (WHERE measure IS DISTINCT FROM %(here)s), 0) FROM (
            SELECT {names} FROM {table} WHERE node = ANY(%(nodes)s){cutoff}{where}
            UNION ALL
            SELECT {names} FROM ({pending} AND t.recipient_key >= %(own)s AND t.recipient_key < %(end)s) p
            WHERE node = ANY(%(nodes)s){cutoff}{where}
        ) cells GROUP BY {grouped} HAVING sum(n) <> 0 OR sum(fen) <> 0"""
    params["counted"] = TAKEN_OFF.get(Measure(question.measure), (question.measure,))[0]
    params["here"] = HERE.get(Measure(question.measure))
    own = question.node.scope_key
    params |= {"nodes": nodes, "own": own, "end": own + "~", "as_of": question.as_of}
    order = list(dict.fromkeys(["node", *columns]))
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found = cursor.fetchall()
    return [
        (
            tuple(row[order.index(column)] for column in columns),
            row[0],
            Figure(n=int(row[-3]), fen=int(row[-1]), here=int(row[-2])),
        )
        for row in found
    ]


def figures_at(
    nodes: list[str], *, by: tuple[str, ...], years: tuple[int, ...], data_state: str, measures: Sequence[str]
) -> dict[tuple[str, str], dict[tuple[Any, ...], int]]:
    """
    分 of several places at once: {(measure, scope key): {one value per dimension of `by`: 分}}; codes of national
    categories and of budget items. A query for the top, one for each code table asked for, and one for each measure.
    """
    top = Division.objects.filter(scope_key="").first()
    found: dict[tuple[str, str], Counter[tuple[Any, ...]]] = {}
    if top is None or not nodes:
        return {}
    codes = {name: _codes_of(name) for name in by}
    for measure in measures:
        question = Question(node=top, by=(Dimension.DIVISION, *by), measure=measure, years=years, data_state=data_state)
        for (node, *values), _node, figure in _figures(question, nodes=nodes):
            key = tuple(codes[name].get(value, value) for name, value in zip(by, values, strict=True))
            found.setdefault((measure, node), Counter())[key] += figure.fen
    return dict(found)


def _codes_of(dimension: str) -> dict[Any, str]:
    """Codes behind the ids of a dimension, national ones of categories; empty where values are codes themselves."""
    if dimension == Dimension.BUDGET_ITEM:
        return dict(BudgetItem.objects.values_list("pk", "code"))
    if dimension == Dimension.FUND_CATEGORY:
        return {pk: code.partition(".")[0] for pk, code in FundCategory.objects.values_list("pk", "code")}
    return {}


def _read(measure: Measure) -> list[str]:
    """The stored measures a figure is made of."""
    stored = [str(name) for name in TAKEN_OFF.get(measure, (measure,))]
    return [*stored, HERE[measure]] if measure in HERE else stored


def _conditions(question: Question) -> tuple[str, dict[str, Any]]:
    wanted = {
        "measure": _read(Measure(question.measure)),
        "year": list(question.years),
        "category_id": list(question.category_ids),
        "item_id": list(question.item_ids),
        "money_level": list(question.money_levels),
        "unit_kind": list(question.unit_kinds),
        "state": states_from(question.data_state),
    }
    used = {column: values for column, values in wanted.items() if values}
    return "".join(f" AND {column} = ANY(%({column})s)" for column in used), dict(used)
