"""Review evidence of a line: who entered and reviewed it, in which unit, and that they are different persons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

REQUIRED = {"author", "unit", "province"}
FOUR_EYES = ("author", "unit", "city", "province")
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Explained(msgspec.Struct, forbid_unknown_fields=True):
    """Why a warning was passed at submission."""

    rule: Word
    field: Annotated[str, msgspec.Meta(max_length=200)]
    reason: str | dict[str, str]


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """审核证据 — one step of one person: `by` the name, `who` the identity, `unit` such as `511921.finance`."""

    step: Literal["author", "submit", "unit", "city", "province", "return", "withdraw"]
    by: Word
    who: Word
    unit: Annotated[str, msgspec.Meta(min_length=1, max_length=30)]
    at: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
    explained: list[Explained] = []


def fault_of(
    rows: list[dict[str, Any]],
    *,
    owner: str,
    province: str,
    corrected: bool = False,
    successors: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> str:
    """
    What is wrong with the evidence; empty where nothing is.

    Author, unit reviewer and provincial reviewer are there, are different persons, and sit in the
    owner's unit and in the provincial unit of its line, or in units their tasks passed to (`successors`, by unit).
    `owner` is empty where the content says none. A correction is made by the provincial counterpart (art. 12), so its
    author may sit there.
    """
    try:
        steps = msgspec.convert(rows, list[Step])
        for step in steps:
            datetime.fromisoformat(step.at)
    except (msgspec.ValidationError, ValueError) as error:
        return str(error)[:200]
    people, units = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for step in steps:
        people[step.step].add(step.who)
        units[step.step].add(step.unit)
    if missing := sorted(REQUIRED - people.keys()):
        return f"missing: {', '.join(missing)}"
    taken = [who for name in FOUR_EYES for who in people.get(name, ())]
    if len(taken) != len(set(taken)):
        return "one person took two steps"
    counterpart = f"{province}.{owner.partition('.')[2]}"
    above = {counterpart} | successors.get(counterpart, frozenset())
    own = {owner} | successors.get(owner, frozenset())
    authors = units["author"] - above if corrected else units["author"]
    if owner and not (authors | units["unit"] <= own and units["province"] <= above):
        return "a step of another unit"
    return ""
