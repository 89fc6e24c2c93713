"""填报说明： every field of the entry form has its text, with unit and article, in both languages."""

from __future__ import annotations

from django.utils.translation import override

from funds.forms import LINE_FIELDS, HeadForm
from funds.help import BY_NAME, HELP

AMOUNTS = {"stated_total", "lines.amount"}


def test_every_field_and_no_other_has_its_help():
    fields = {*HeadForm.base_fields, *(f"lines.{name}" for name in LINE_FIELDS)}
    assert set(BY_NAME) == fields
    assert len(HELP) == len(BY_NAME)


def test_every_text_names_an_article_and_amounts_their_unit():
    articles = {str(number) for number in range(1, 23)}
    assert [field.name for field in HELP if field.article not in articles] == []
    assert {field.name for field in HELP if field.unit} == AMOUNTS


def test_texts_are_written_in_both_languages():
    for field in HELP:
        with override("en"):
            english = str(field.label), str(field.text)
        with override("zh-hans"):
            chinese = str(field.label), str(field.text)
        assert all(a != b and b for a, b in zip(english, chinese, strict=True)), field.name
