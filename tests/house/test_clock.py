"""The product's clock."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ImproperlyConfigured

from povfund.common import clock


def test_the_business_day_is_that_of_shanghai(settings):
    settings.FAKE_NOW = "2026-01-01T17:00:00+00:00"
    assert clock.today() == date(2026, 1, 2)


def test_a_set_clock_without_offset_is_shanghai_time(settings):
    settings.FAKE_NOW = "2026-11-16T09:00"
    assert clock.now() == datetime(2026, 11, 16, 1, tzinfo=UTC)


def test_an_unreadable_set_clock_is_refused_in_words():
    with pytest.raises(ImproperlyConfigured, match="POVFUND_FAKE_NOW is “noon”"):
        clock.parse_fake_now("noon")
