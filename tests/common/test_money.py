"""Typed and printed amounts."""

from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given, strategies as st

from povfund.common.errors import RuleViolation
from povfund.common.money import (
    MONEY_UNITS,
    number_yuan,
    parse_in,
    parse_wan,
    wan_decimals,
    wan_text,
    yuan_text,
)

AMOUNTS = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1).map(lambda fen: Decimal(fen) / 100)


@pytest.mark.parametrize(
    "typed, yuan",
    [
        ("3408", "34080000.00"),
        ("3,408.00", "34080000.00"),
        ("３４０８．５", "34085000.00"),
        ("１，２３４", "12340000.00"),
        (" 343,234.50 万元 ", "3432345000.00"),
        ("2101.905898", "21019058.98"),
        ("31931.5000000", "319315000.00"),
        ("−120.00", "-1200000.00"),
        ("0.000001", "0.01"),
        ("5.", "50000.00"),
        ("￥100", "1000000.00"),
        (" ¥1,234.5 ", "12345000.00"),
        ("-￥120.00", "-1200000.00"),
        ("￥-120.00", "-1200000.00"),
        ("¥1,234.5", "12345000.00"),
        ("-￥ 3", "-30000.00"),
    ],
)
def test_typed_amounts_become_yuan(typed, yuan):
    assert parse_wan(typed) == Decimal(yuan)


@pytest.mark.parametrize(
    "typed", ["", "abc", "1,23", "1.2.3", "--1", "1e5", "0x10", "nan", "Infinity", "١٢", "¥", "¥¥1", "¥1¥", "-¥-1"]
)
def test_what_is_no_amount_is_refused_with_what_was_typed(typed):
    with pytest.raises(RuleViolation) as refused:
        parse_wan(typed, field="lines[2].amount")
    finding = refused.value.findings[0]
    assert finding.field == "lines[2].amount"
    assert typed in str(finding.message)
    assert finding.remedy


@pytest.mark.parametrize("typed", ["0.0000001", "1.23456789"])
def test_nothing_finer_than_a_fen_is_rounded_away(typed):
    with pytest.raises(RuleViolation):
        parse_wan(typed)


def test_an_amount_beyond_the_column_is_refused():
    with pytest.raises(RuleViolation):
        parse_wan("1000000000")


@given(AMOUNTS)
def test_what_is_printed_can_be_typed_again(yuan):
    assert parse_wan(wan_text(yuan)) == yuan


@given(AMOUNTS)
def test_decimals_are_between_two_and_six(yuan):
    assert 2 <= wan_decimals(yuan) <= 6
    assert wan_text(yuan).partition(".")[2].__len__() == wan_decimals(yuan)


def test_printed_amounts():
    assert wan_text(Decimal("34080000")) == "3,408.00"
    assert wan_text(Decimal("34080000"), decimals=6) == "3,408.000000"
    assert wan_text(Decimal("-1200000")) == "\u2212120.00"
    assert wan_text(Decimal("21019058.98")) == "2,101.905898"
    assert wan_text(Decimal(0)) == "0.00"
    assert yuan_text(-50) == "\u22120.50"


NUMBERS = [12.5, 0.0001, 12.345678, -3.25, 0.0, 99999999.999999, 1e-07, 0.1 + 0.2, 1 / 3, 1e9, 1e15, 123456.7890125]


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("unit", MONEY_UNITS)
def test_a_number_of_a_sheet_is_what_its_fifteen_digits_say_or_is_left_to_them(value, unit):
    amount = number_yuan(value, fen=MONEY_UNITS[unit].fen)
    if amount is None:
        return
    assert amount == parse_in(f"{Decimal(f'{value:.15g}'):f}", unit)


@pytest.mark.parametrize(
    ("unit", "typed", "yuan"),
    [
        ("yi", "1.2345678901", "123456789.01"),
        ("yi", "１．５ 亿元", "150000000"),
        ("yi", "1.5亿", "150000000"),
        ("qianwan", "0.5", "5000000"),
        ("baiwan", "2.5百万元", "2500000"),
        ("shiwan", "3", "300000"),
        ("qian", "1,250.5", "1250500"),
        ("qian", "0.00001", "0.01"),
        ("bai", "-3百元", "-300"),
    ],
)
def test_an_amount_in_any_unit_is_converted_exactly(unit, typed, yuan):
    assert parse_in(typed, unit) == Decimal(yuan)


@pytest.mark.parametrize(
    ("unit", "typed", "why"),
    [
        ("yi", "1.00000000001", "分"),
        ("qian", "0.000001", "分"),
        ("bai", "1.00001", "分"),
        ("yi", "100000", "过大"),
        ("qian", "3万元", "不是金额"),
        ("yi", "3万", "不是金额"),
        ("yuan", "3万元", "不是金额"),
    ],
)
def test_what_would_be_rounded_or_says_another_unit_is_refused(unit, typed, why):
    with override("zh-hans"), pytest.raises(RuleViolation) as refused:
        parse_in(typed, unit)
    (finding,) = refused.value.findings
    assert finding.rule == "BAD_AMOUNT"
    with override("zh-hans"):
        assert why in str(finding.message)
        assert MONEY_UNITS[unit].printed in str(finding.remedy)


def test_ordinary_numbers_of_a_sheet_need_no_text():
    read = [number_yuan(value, fen=1_000_000) for value in NUMBERS[:6]]
    assert read == [Decimal(text) for text in ("125000", "1", "123456.78", "-32500", "0", "999999999999.99")]
    assert [number_yuan(value, fen=1_000_000) for value in (1e-07, 1 / 3, 1e15)] == [None] * 3
