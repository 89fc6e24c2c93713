"""The filter of a list as an export keeps it: the rows it holds, and how it reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django_filters import BooleanFilter, MultipleChoiceFilter

from povfund.common.asking import faults, unknown
from povfund.common.errors import Finding, RuleViolation


class _Asking:
    """What a filter asks of a request, where there is none: the person."""

    def __init__(self, user: Any) -> None:
        self.user = user


def filtered(filterset: Any, rows: Any, *, user: Any, params: dict[str, Any], wrong: Sequence[Finding] = ()) -> Any:
    """Those of `rows` that the filter holds. Raises RuleViolation SHAPE for a faulty filter, with what was `wrong`."""
    query = QueryDict(mutable=True)
    for name, value in params.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    found = filterset(query, queryset=rows, request=_Asking(user))
    several = [name for name, one in found.filters.items() if isinstance(one, MultipleChoiceFilter)]
    faulty = unknown(query, known=found.filters, several=several, prefix="filter.") + faults(found, prefix="filter.")
    if faulty or wrong:
        raise RuleViolation([*faulty, *wrong])
    return found.qs


def filter_words(filterset: Any, params: dict[str, Any]) -> list[tuple[str, str]]:
    """A filter as the list words it: (预算年度, 2016), (状态, 草稿); what it does not know stays as it was sent."""
    words = []
    for name, value in params.items():
        told = filterset.base_filters.get(name)
        choices = told.extra.get("choices", ()) if told else ()
        names = dict(getattr(choices, "choices", choices))
        if isinstance(told, BooleanFilter):
            names = dict.fromkeys(("on", "true", "True", "1"), _("yes"))
        values = value if isinstance(value, list) else [value]
        words.append((str(told.label) if told else name, "、".join(str(names.get(v, v)) for v in values)))
    return words
