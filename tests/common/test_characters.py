"""Characters that cannot be stored."""

import pytest
from django import forms
from django.utils import translation
from rest_framework import serializers


class Shape(serializers.Serializer):
    title = serializers.CharField()


@pytest.mark.parametrize(
    "field", [forms.CharField().clean, lambda value: Shape().fields["title"].run_validation(value)]
)
def test_a_character_that_cannot_be_stored_is_called_one(field):
    with (
        translation.override("zh-hans"),
        pytest.raises((forms.ValidationError, serializers.ValidationError)) as refused,
    ):
        field("标\x00题")
    assert "无法保存的字符" in str(refused.value)
