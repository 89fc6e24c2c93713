"""What templates print: icons, money, state bars, addresses that keep their filter."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from povfund.common.money import wan_text
from records.choices import RecordState

register = template.Library()

BARS = {
    RecordState.DRAFT: (0, "f"),
    RecordState.SUBMITTED: (1, "f"),
    RecordState.UNIT_REVIEWED: (2, "f"),
    RecordState.CITY_REVIEWED: (3, "f"),
    RecordState.PROVINCE_REVIEWED: (4, "f"),
    RecordState.SEALED: (5, "f"),
    RecordState.ACKNOWLEDGED: (6, "f"),
    RecordState.RETURNED: (1, "r"),
    RecordState.PERMITTED: (6, "p"),
}


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """One outline icon of the sprite, hidden from readers: a word stands beside it."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"></use></svg>', size, static("icons.svg"), name
    )


@register.filter
def wan(yuan: Decimal | None, decimals: int = 2) -> SafeString | str:
    """元 as 万元; decimals that are all zero are faded, never dropped."""
    if yuan is None:
        return ""
    text = wan_text(Decimal(yuan), decimals=int(decimals))
    whole, _dot, part = text.partition(".")
    if set(part) == {"0"}:
        return format_html('{}<i class="z">.{}</i>', whole, part)
    return text


@register.filter
def fen_wan(fen: int | None) -> SafeString | str:
    """分 as 万元."""
    return wan(None if fen is None else Decimal(fen) / 100)


@register.filter
def signed_wan(yuan: Decimal | None) -> str:
    """A change in 万元, with its sign."""
    if yuan is None:
        return ""
    return ("+" if yuan > 0 else "") + wan_text(yuan)


@register.inclusion_tag("components/life.html")
def life(state: str) -> dict[str, Any]:
    """Six bars and a word for a record's state."""
    count, css = BARS[RecordState(state)]
    bars = [{"x": n * 5, "css": css if n < count else "e"} for n in range(6)]
    return {"bars": bars, "label": RecordState(state).label}


@register.simple_tag(takes_context=True)
def address(context: Any, **changes: Any) -> str:
    """The present address with some parameters changed; None drops one."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.filter
def bar(value: Any, most: Any) -> int:
    """Width of a micro bar of at most 84 px."""
    return int(84 * max(0, value) / most) if most else 0
