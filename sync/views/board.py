"""收报情况 — the centre's board: sending nodes by windows, what was applied, what is silent, what was returned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from povfund.common import clock
from povfund.common.asking import refuse, takes
from povfund.common.errors import Finding
from povfund.common.typed import iso_day_of
from sync.choices import Direction, InState, WindowState
from sync.models import Batch, ChainHead, Node, QuarantinedLine, TransmissionWindow

SHOWN = 6
"""Windows side by side."""
HELD = (InState.HELD_GAP, InState.HELD_SCHEMA, InState.HELD_ASSERT, InState.FROZEN_KEY, InState.CORRUPT)


@dataclass(slots=True)
class Cell:
    """One window of one node: its state, and what its batches brought."""

    window: TransmissionWindow | None = None
    batches: list[Batch] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return sum(batch.applied for batch in self.batches)

    @property
    def returned(self) -> int:
        return sum(batch.returned for batch in self.batches)

    @property
    def fen(self) -> int:
        return sum(batch.fen for batch in self.batches)

    @property
    def held(self) -> bool:
        return any(batch.state in HELD for batch in self.batches)


@dataclass(slots=True)
class Line:
    """One node: cells in the order of the windows, and its figures over all time (`fen` in 分)."""

    node: Node
    cells: list[Cell]
    batches: int = 0
    applied: int = 0
    fen: int = 0
    open: int = 0
    last: Any = None
    frozen: str = ""


@takes("until")
def board(request: HttpRequest) -> HttpResponse:
    """Nodes × windows; `until` in the address leads to earlier windows. Nine queries, however many nodes."""
    user: Any = request.user
    windows = TransmissionWindow.objects.visible_to(user)
    nominals, earlier, later = _nominals(windows, request.GET.get("until", ""))
    lines = _lines(user, windows, nominals)
    heads = [_head(n, nominal, lines) for n, nominal in enumerate(nominals)]
    context = {
        "heads": heads,
        "lines": lines,
        "earlier": earlier,
        "later": later,
        "total": {
            "batches": sum(line.batches for line in lines),
            "applied": sum(line.applied for line in lines),
            "fen": sum(line.fen for line in lines),
            "open": sum(line.open for line in lines),
        },
        "troubled": [line for line in lines if line.frozen or any(cell.held for cell in line.cells)],
    }
    return render(request, "sync/board.html", context)


def _nominals(windows: Any, until: str) -> tuple[list[date], str, str]:
    """Nominal dates shown, oldest first, and where the addresses to earlier and later ones lead."""
    known = list(windows.values_list("nominal", flat=True).distinct().order_by("-nominal"))
    begun = [day for day in known if day <= clock.today()]
    ahead = sorted(set(known) - set(begun))[:1]
    every = ahead + begun
    last = iso_day_of(until) if until else None
    if until and last is None:
        message = _("“%(value)s” is not a day; write it like 2016-03-01.") % {"value": until[:40]}
        refuse([Finding("SHAPE", message, field="until")])
    start = next((n for n, day in enumerate(every) if last and day <= last), 0)
    shown = every[start : start + SHOWN]
    earlier = str(every[start + SHOWN]) if len(every) > start + SHOWN else ""
    later = str(every[max(0, start - SHOWN)]) if start else ""
    return shown[::-1], earlier, later


def _lines(user: Any, windows: Any, nominals: list[date]) -> list[Line]:
    nodes = list(Node.objects.visible_to(user).sending().select_related("division").order_by("division__scope_key"))
    lines = {node.pk: Line(node, [Cell() for _day in nominals]) for node in nodes}
    place = {day: n for n, day in enumerate(nominals)}
    for window in windows.filter(nominal__in=nominals, node__in=lines):
        lines[window.node_id].cells[place[window.nominal]].window = window
    received = Batch.objects.visible_to(user).filter(direction=Direction.IN, node__in=lines)
    for batch in received.filter(window__nominal__in=nominals).select_related("window"):
        lines[batch.node_id].cells[place[batch.window.nominal]].batches.append(batch)
    for row in (
        received.order_by()
        .values("node")
        .annotate(n=Count("pk"), lines_=Sum("applied"), sum_=Sum("fen"), last=Max("applied_at"))
    ):
        line = lines[row["node"]]
        line.batches, line.applied, line.fen, line.last = row["n"], row["lines_"], int(row["sum_"]), row["last"]
    waiting = QuarantinedLine.objects.visible_to(user).unresolved().order_by().values("batch__node")
    for row in waiting.annotate(n=Count("pk")):
        if row["batch__node"] in lines:
            lines[row["batch__node"]].open = row["n"]
    for head in ChainHead.objects.filter(node__in=lines).exclude(frozen_reason=""):
        lines[head.node_id].frozen = head.frozen_reason
    return list(lines.values())


def _head(n: int, nominal: date, lines: list[Line]) -> dict[str, Any]:
    """A window over all nodes: how many are done of how many, and what they brought."""
    cells = [line.cells[n] for line in lines]
    states = Counter(cell.window.state for cell in cells if cell.window)
    return {
        "nominal": nominal,
        "due": next((cell.window.due for cell in cells if cell.window), None),
        "expected": sum(states.values()),
        "done": states[WindowState.DONE],
        "lines": sum(cell.lines for cell in cells),
        "fen": sum(cell.fen for cell in cells),
        "returned": sum(cell.returned for cell in cells),
    }
