"""更改标记 — the numbers of the change orders over a record, wherever it or its figures are shown (art. 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from povfund.common.tables import Column, text


class OrderMark(Protocol):
    """A change order over a record: in force, or still under way."""

    @property
    def number(self) -> str: ...

    @property
    def url(self) -> str:
        """Its address, empty where the reader may not open it."""
        ...

    @property
    def under_way(self) -> bool: ...


def order_marks(uids: Any, *, user: User | None = None) -> dict[UUID, list[OrderMark]]:
    """
    The orders in force or under way over each of these records, oldest first, as `settings.ORDER_MARKS` answers,
    set-wise. Addresses only where the reader is named.
    """
    found: dict[UUID, list[OrderMark]] = import_string(settings.ORDER_MARKS)(uids, user=user)
    return found


def numbers_of(marks: Iterable[OrderMark], *, under_way: bool) -> str:
    """Numbers of the orders in force, or of those under way."""
    return "、".join(mark.number for mark in marks if mark.under_way == under_way)


def linked(marks: Iterable[OrderMark], *, under_way: bool) -> SafeString:
    """The same for a page, each leading to its order where the reader may open it."""
    return format_html_join("、", "{}", ((_link(mark),) for mark in marks if mark.under_way == under_way))


def _link(mark: OrderMark) -> SafeString:
    if not mark.url:
        return format_html('<span class="nw">{}</span>', mark.number)
    return format_html('<a class="nw" href="{}">{}</a>', mark.url, mark.number)


def _shown(marks: Iterable[OrderMark]) -> SafeString:
    words = {True: _("change pending"), False: _("corrected")}
    return format_html_join(
        " ",
        '<span>{} <span class="nw s warn">{}</span></span>',
        ((_link(mark), words[mark.under_way]) for mark in marks),
    )


def orders_column(marks: Callable[[Any], Sequence[OrderMark]]) -> Column:
    """The column of a list: each order of an item, and whether it corrected or is still to change it."""
    return Column(key="orders", label=gettext_lazy("Change order"), value=marks, show=_shown, css="orders")


def orders_beside(marks: dict[UUID, list[OrderMark]]) -> list[Column]:
    """That column for a list of records, where any of them has an order; a list without one stays as narrow."""
    return [orders_column(lambda record: marks.get(record.pk, ()))] if marks else []


IN_FORCE, UNDER_WAY = gettext_lazy("Change orders in force"), gettext_lazy("Change orders under way")


def order_columns_of_file(marks: Callable[[Any], Sequence[OrderMark]]) -> list[Column]:
    """The same in a file: numbers in force, and numbers under way."""
    return [
        text("orders", IN_FORCE, lambda item: numbers_of(marks(item), under_way=False)),
        text("orders_under_way", UNDER_WAY, lambda item: numbers_of(marks(item), under_way=True)),
    ]
