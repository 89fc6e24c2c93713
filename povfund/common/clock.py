"""The one clock of the product; tests and demonstrations may set it by POVFUND_FAKE_NOW."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

SHANGHAI: tzinfo = ZoneInfo("Asia/Shanghai")


def parse_fake_now(text: str) -> datetime:
    """A moment written in ISO 8601; without offset it is Asia/Shanghai. Raises ImproperlyConfigured."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ImproperlyConfigured(f"POVFUND_FAKE_NOW is “{text}”; write a moment such as 2026-11-16T09:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if settings.FAKE_NOW:
        return parse_fake_now(settings.FAKE_NOW).astimezone(UTC)
    return datetime.now(UTC)


def today() -> date:
    """The business day in Asia/Shanghai."""
    return now().astimezone(SHANGHAI).date()


def local_date(moment: datetime) -> date:
    """The business day (Asia/Shanghai) of a moment."""
    return moment.astimezone(SHANGHAI).date()


def local_text(moment: datetime) -> str:
    """A moment as the API says it, in the time of the country, to the second: 2026-11-25T02:14:19+08:00."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="seconds")


def node() -> str:
    """The code of this node: `C`, `P51`."""
    return settings.NODE
