"""Days as people write them."""

from __future__ import annotations

from datetime import date

import pytest

from povfund.common.typed import day_of, days_in


@pytest.mark.parametrize(
    "text",
    ["2016-03-01", "2016/3/1", "2016.3.1", "２０１６年３月１日", "20160301", "二〇一六年三月一日", "二○一六年三月一日"],
)
def test_a_day_is_read_as_it_is_commonly_written(text):
    assert day_of(text) == date(2016, 3, 1)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇一九年十二月三十一日", date(2019, 12, 31)),
        ("二零一九年十月十日", date(2019, 10, 10)),
        ("二〇一九年十一月二十日", date(2019, 11, 20)),
    ],
)
def test_chinese_numerals_are_read(text, day):
    assert day_of(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "20160230",
        "20161301",
        "51192100",
        "2016031",
        "42430",
        "二〇一六年十三月一日",
        "二〇一六年二月三十日",
        "三月一日",
    ],
)
def test_what_is_no_day_is_not_guessed(text):
    assert day_of(text) is None


def test_days_in_words_are_found_with_what_stands_before_them():
    words = "制表：2019/5/6\n印发日期：2019.3.1\n二〇一九年三月二日，1.2019.3.1 2019.3.1.5"
    assert [(before[-5:], day) for before, day in days_in(words)] == [
        ("制表:", date(2019, 5, 6)),
        ("印发日期:", date(2019, 3, 1)),
        ("9.3.1\n"[-5:], date(2019, 3, 2)),
    ]
