"""A search finds what was typed, whole numbers as whole numbers: set-wise deeds begin at its list."""

from __future__ import annotations

import pytest
from django.test import Client

from funds.models import FundDocument
from tests.documents import draft, submitted
from tests.people import county_reviewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def documents():
    numbers = ("通财农〔2016〕501号", "通财农〔2016〕5012号", "通财农〔2016〕1501号", "通财农〔2015〕16号")
    return [draft(number, title=f"第{n}批 A.B(c) 资金501") for n, number in enumerate(numbers)]


def found(text):
    rows = FundDocument.objects.search(text).order_by("document_no")
    return [row.document_no.partition("〕")[2] for row in rows]


def test_digits_are_whole_numbers(documents):
    assert found("501号") == ["501号"]
    assert found("5012") == ["5012号"]
    assert found("〕16") == ["16号"]
    assert found("50") == []
    assert len(found("2016")) == 3
    assert len(found("资金501")) == 4


def test_every_word_is_found_and_marks_stand_for_themselves(documents):
    assert found("农〔2015〕 资金") == ["16号"]
    assert found("资金 农〔2015〕") == ["16号"]
    assert len(found("a.b(c)")) == 4
    assert found("a.b.c") == []
    assert found("财农农") == []
    assert len(found("  ")) == 4


@pytest.mark.parametrize("typed", ["通财农[2015]16", "通财农（2015）16号", "通财农【2015】16", "通财农 〔2015〕 16"])
def test_a_year_is_found_in_any_brackets(documents, typed):
    assert found(typed) == ["16号"]


def test_what_is_approved_at_once_is_what_was_searched():
    for n in (301, 3013, 1301):
        submitted(f"通财农〔2016〕{n}号")
    client = Client()
    client.force_login(county_reviewer())
    page = client.get("/review/", {"search": "301", "risk": "0"}).content.decode()
    assert "通财农〔2016〕301号" in page
    assert "通财农〔2016〕3013号" not in page
    assert "通财农〔2016〕1301号" not in page
