"""Paging of API lists: by the key of the last row, without COUNT and without OFFSET."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from povfund.common.asking import possible
from povfund.common.errors import Finding, RuleViolation
from povfund.common.typed import whole_of

CURSOR, SIZE, ORDERING = "cursor", "page_size", "ordering"
_CURSORS = signing.Signer(salt="povfund.pagination.cursor")


class CursorPagination(BasePagination):
    """
    50 rows by default, at most 500; `{"results", "next", "previous"}`.

    `ordering` is one field or several that hold no NULL; the primary key decides between equals, so that any
    number of rows may have changed at the same moment. A view's `orderings` (name → field) may be asked for.
    """

    page_size = 50
    max_page_size = 500
    ordering: str | tuple[str, ...] = "-pk"

    def parameters(self, view: Any) -> list[str]:
        return [CURSOR, SIZE, *([ORDERING] if getattr(view, "orderings", None) else [])]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Rows of the page. Raises RuleViolation SHAPE naming each parameter that cannot be read."""
        self.request, self.wrong = request, []
        size, self.order = self._size(), self._order(view)
        back, place = self._cursor()
        if self.wrong:
            raise RuleViolation(self.wrong)
        order = [_turned(name) for name in self.order] if back else self.order
        rows = queryset.filter(_beyond(order, place)) if place is not None else queryset
        found = list(rows.order_by(*order)[: size + 1])
        more, items = len(found) > size, found[:size]
        self.items = items[::-1] if back else items
        self.has_next, self.has_previous = (True, more) if back else (more, place is not None)
        return self.items

    def get_paginated_response(self, data: Any) -> Response:
        forth = self._address("next", self.items[-1]) if self.items and self.has_next else None
        past = self._address("previous", self.items[0]) if self.items and self.has_previous else None
        return Response({"results": data, "next": forth, "previous": past})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["results"],
            "properties": {"results": schema, "next": link, "previous": link},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        shapes: dict[str, dict[str, Any]] = {
            CURSOR: {"type": "string"},
            SIZE: {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size},
            ORDERING: {"type": "string", "enum": _orderings(view)},
        }
        words = {
            CURSOR: "The place in the list, from `next` or `previous`.",
            SIZE: "Rows of one page.",
            ORDERING: "What the rows are ordered by; `-` in front for the largest first.",
        }
        return [
            {"name": name, "in": "query", "required": False, "description": words[name], "schema": shapes[name]}
            for name in self.parameters(view)
        ]

    def _size(self) -> int:
        given = self.request.query_params.get(SIZE)
        size = self.page_size if given is None else whole_of(given)
        if size is not None and 1 <= size <= self.max_page_size:
            return size
        self._refuse(
            SIZE,
            _("“%(value)s” is no number of rows.") % {"value": str(given)[:40]},
            _("A whole number from 1 to %(most)s.") % {"most": self.max_page_size},
        )
        return self.page_size

    def _order(self, view: Any) -> list[str]:
        given = self.request.query_params.get(ORDERING)
        fields = (self.ordering,) if isinstance(self.ordering, str) else self.ordering
        if given is not None:
            if given not in _orderings(view):
                self._refuse(
                    ORDERING,
                    _("The list cannot be ordered by “%(value)s”.") % {"value": given[:40]},
                    possible(_orderings(view)),
                )
                return list(fields)
            sign, name = ("-", given[1:]) if given.startswith("-") else ("", given)
            fields = (f"{sign}{view.orderings[name]}",)
        if fields[-1].lstrip("-") in ("pk", "uid"):
            return list(fields)
        return [*fields, "-pk" if fields[-1].startswith("-") else "pk"]

    def _cursor(self) -> tuple[bool, list[Any] | None]:
        """Does the page lie before the place? And the place, None at the top."""
        given = self.request.query_params.get(CURSOR)
        if given is None:
            return False, None
        try:
            order, back, place = _CURSORS.unsign_object(given)
        except (signing.BadSignature, ValueError):
            order, back, place = None, False, None
        if order == self.order:
            return back, place
        self._refuse(
            CURSOR,
            _("The cursor does not belong to this list and its order."),
            _("Begin without it, then follow “next”."),
        )
        return False, None

    def _refuse(self, name: str, message: str, remedy: str) -> None:
        self.wrong.append(Finding("SHAPE", message, field=name, remedy=remedy))

    def _address(self, way: str, item: Any) -> str:
        place = [_plain(_value(item, name.lstrip("-"))) for name in self.order]
        cursor = _CURSORS.sign_object([self.order, way == "previous", place])
        kept = [(name, v) for name, values in self.request.query_params.lists() if name != CURSOR for v in values]
        return f"{self.request.build_absolute_uri(self.request.path)}?{urlencode([*kept, (CURSOR, cursor)])}"


def _orderings(view: Any) -> list[str]:
    return [sign + name for name in getattr(view, "orderings", None) or {} for sign in ("", "-")]


def _turned(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(order: list[str], place: list[Any]) -> Q:
    """Rows behind the place: behind it by the first field, or level with it and behind by the next."""
    found, level = Q(), Q()
    for name, value in zip(order, place, strict=True):
        field = name.lstrip("-")
        found |= level & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        level &= Q(**{field: value})
    return found


def _value(item: Any, path: str) -> Any:
    for part in path.split("__"):
        item = item[part] if isinstance(item, dict) else getattr(item, part)
    return item


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)
