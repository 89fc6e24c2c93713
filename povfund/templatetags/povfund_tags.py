"""What templates print: icons, money, dates, state bars, addresses that keep their filter, frames that vanish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import pgettext_lazy

from povfund.common import clock
from povfund.common.money import wan_text
from povfund.common.phrases import listed
from povfund.deeds import deed_words
from povfund.trail import field_words, target_words, value_words
from records.choices import RecordState
from records.rules.words import rule_line, rule_words
from records.services import needs_words

register = template.Library()
register.filter(listed)
register.filter(needs_words)
register.filter(rule_line)
register.filter(rule_words)

WEEKDAYS = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)

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
"""How many of the six bars are filled, and the class of the filled ones."""
ADDRESSES = re.compile(r"https?://[^\s<>\"'\x80-\U0010ffff]*[^\s<>\"'\x80-\U0010ffff.,;:!?()]")
"""Web addresses in a text: they end before Chinese words and marks, and before a closing mark."""
LAST_BAR = 6
CITY_BAR = 3


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """One outline icon of the sprite, hidden from readers: a word stands beside it. `size`: sm, lg or empty."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"></use></svg>', size, static("icons.svg"), name
    )


@register.filter
def linked(text: str) -> SafeString:
    """A text whose web addresses, http or https, are links out of the system; all else stays text."""
    found = ADDRESSES.search(text)
    if not found:
        return format_html("{}", text)
    link = format_html('<a href="{0}" rel="external noopener noreferrer" target="_blank">{0}</a>', found[0])
    return format_html("{}{}{}", text[: found.start()], link, linked(text[found.end() :]))


@register.filter
def deed(action: str) -> str:
    """An action of the audit trail in words."""
    return deed_words(action)


@register.filter
def trail_target(target_type: str) -> str:
    """What an entry of the audit trail is about, in words."""
    return target_words(target_type)


@register.filter
def trail_name(name: str) -> str:
    """A name of an audit entry in words."""
    return field_words(name)


@register.filter
def trail_value(value: Any, name: str) -> str:
    """A value of that name in words."""
    return value_words(name, value)


@register.filter
def wan(yuan: Decimal | None, decimals: int = 2) -> SafeString | str:
    """元 as 万元; decimals that are all zero are faded, never dropped. None prints nothing."""
    if yuan is None or yuan == "":
        return ""
    return _faded(wan_text(Decimal(yuan), decimals=int(decimals)))


@register.filter
def fen_wan(fen: int | None, decimals: int = 2) -> SafeString | str:
    """分 as 万元."""
    return wan(None if fen is None else Decimal(fen) / 100, decimals)


@register.filter
def signed_wan(yuan: Decimal | None, decimals: int = 2) -> SafeString | str:
    """A change in 万元, with its sign."""
    if yuan is None:
        return ""
    return _faded(("+" if yuan > 0 else "") + wan_text(Decimal(yuan), decimals=int(decimals)))


@register.filter
def fen_signed_wan(fen: int | None) -> SafeString | str:
    """A change in 分 as 万元, with its sign."""
    return signed_wan(None if fen is None else Decimal(fen) / 100)


def _faded(text: str) -> SafeString | str:
    whole, _dot, part = text.partition(".")
    return format_html('{}<i class="z">.{}</i>', whole, part) if set(part) == {"0"} else text


@register.filter
def day(value: date | datetime | None) -> str:
    """03-01 within the current year, else 2016-03-01. A time is its Shanghai day."""
    if value is None or value == "":
        return ""
    held = localtime(value).date() if isinstance(value, datetime) else value
    return held.strftime("%m-%d") if held.year == clock.today().year else held.isoformat()


@register.filter
def moment(value: date | datetime | str | None) -> str:
    """A day, with hour and minute where the value has them: 03-11 10:18; also of a moment in ISO text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if value else None
    if isinstance(value, datetime):
        return f"{day(value)} {localtime(value):%H:%M}"
    return day(value)


@register.filter
def weekday(value: date | None) -> str:
    """周三, in the page's language."""
    return str(WEEKDAYS[value.weekday()]) if value else ""


@register.inclusion_tag("components/life.html")
def life(state: str, *, city_step: bool = True, sent_back: bool = False) -> dict[str, Any]:
    """
    Six bars and a word for a record's state; without a city step in the province its bar is a grey gap. `sent_back`: a
    reviewer returned the draft.
    """
    count, css = BARS[RecordState(state)]
    bars = [{"x": (n - 1) * 6, "css": css if n <= count else "e"} for n in range(1, LAST_BAR + 1)]
    if not city_step and count > CITY_BAR:
        bars[CITY_BAR - 1]["css"] = "g"
    return {"bars": bars, "label": RecordState(state).label, "sent_back": sent_back}


@register.filter
def bar(value: Any, most: Any) -> int:
    """Width of a micro bar of at most 84 px."""
    return int(84 * max(0, value) / most) if most else 0


@register.simple_tag(takes_context=True)
def address(context: Any, more: Mapping[str, Any] | None = None, /, **changes: Any) -> str:
    """
    The present address with some parameters changed, those of `more` besides; None or an empty value drops one.
    Paging starts anew.
    """
    query = context["request"].GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in {**(more or {}), **changes}.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def address_without(context: Any, *names: str) -> str:
    """The present address without these parameters."""
    return address(context, **dict.fromkeys(names))


class BarNode(Node):
    """An element around its content, left out where the content is blank."""

    def __init__(self, nodelist: NodeList, element: FilterExpression) -> None:
        self.nodelist, self.element = nodelist, element

    def render(self, context: Any) -> SafeString:
        content = self.nodelist.render(context)
        if not content.strip():
            return mark_safe("")
        name, _dot, css = str(self.element.resolve(context)).partition(".")
        return format_html('<{0} class="{1}">{2}</{0}>', name, css.replace(".", " "), content)


@register.tag("bar")
def do_bar(parser: Parser, token: Token) -> BarNode:
    """`{% bar "nav.sub" %}…{% endbar %}` — the element is drawn only where there is something in it."""
    parts = token.split_contents()
    if len(parts) != 2:
        raise template.TemplateSyntaxError('bar takes one argument: the element and its classes, as in "div.head".')
    nodelist = parser.parse(("endbar",))
    parser.delete_first_token()
    return BarNode(nodelist, parser.compile_filter(parts[1]))
