"""A list of a page as a file: the same rows, filter and columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from povfund.common import tables
from povfund.common.kept_filter import filter_words, filtered
from records.sheets import form
from records.sheets.form import Column, ListForm

if TYPE_CHECKING:
    from accounts.models import User

WIDTHS = {form.TEXT: 24, form.MONEY: 16, form.DAY: 12, form.WHOLE: 12}


def list_form(
    *,
    columns: Sequence[tables.Column],
    visible: Callable[[User], Any],
    filterset: Any,
    order: str,
    shown: Callable[[list[Any]], list[Any]] = list,
) -> ListForm:
    """
    The file of a list whose rows are `visible(user)`, in the order of `order` and key.

    `shown(rows)` makes some rows what the columns print.
    """

    def chosen(user: User, params: dict[str, Any]) -> Any:
        found = filtered(filterset, visible(user), user=user, params=params)
        return found.order_by(order, "-pk" if order.startswith("-") else "pk").values_list("pk", flat=True)

    def rows(user: User, keys: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
        held = visible(user).in_bulk(keys)
        for item in shown([held[key] for key in keys if key in held]):
            yield tuple(_written(column, item) for column in columns)

    return ListForm(
        columns=tuple(map(_column, columns)),
        chosen=chosen,
        said=partial(filter_words, filterset),
        rows=rows,
        count=lambda user, keys: keys.order_by().count(),
    )


def _column(column: tables.Column) -> Column:
    return Column(name=column.key, label=column.label, kind=column.kind, unit=column.unit, width=WIDTHS[column.kind])


def _written(column: tables.Column, item: Any) -> Any:
    value = column.plain(item)
    return value if value is None or column.kind != form.TEXT else str(value)
