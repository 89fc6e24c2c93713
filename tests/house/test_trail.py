"""What an audit entry keeps has words, in both languages."""

import re

import pytest
from django.conf import settings
from django.utils.translation import override

from povfund.trail import FIELDS, TARGETS, field_words, target_words, value_words

APPS = ("accounts", "records", "funds", "sync", "rollups")
KEPT = re.compile(r"(?:before|after)=\{([^{}]*)\}")
NAME = re.compile(r'"([a-z_0-9]+)":')
TARGET = re.compile(r'target_type="([a-z_]+)"')


def sources():
    return "\n".join(path.read_text("utf-8") for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py"))


def names_in_sources():
    return sorted({name for kept in KEPT.findall(sources()) for name in NAME.findall(kept)})


def test_the_sources_keep_names():
    assert len(names_in_sources()) > 30


@pytest.mark.parametrize("name", names_in_sources())
def test_a_name_has_words(name):
    with override("zh-hans"):
        assert field_words(name) != name


@pytest.mark.parametrize("target", sorted(set(TARGET.findall(sources()))))
def test_a_target_has_words(target):
    with override("zh-hans"):
        assert target_words(target) != target


def test_no_word_is_left_without_use():
    text = sources()
    assert not [name for name in (*FIELDS, *TARGETS) if f'"{name}"' not in text]


def test_values_are_said_in_the_readers_language():
    step = {"filter": {"state": ["submitted"], "budget_year": "2016"}, "moved": 3, "is_active": True}
    with override("zh-hans"):
        assert value_words("after", step) == "筛选条件：状态：待本单位审核；预算年度：2016；办理：3；启用：是"
        assert target_words("fund_document") == "资金下达"
    with override("en"):
        assert value_words("after", {"moved": 3, "state": "consented"}) == "moved along: 3; state: consented"
    assert value_words("state", None) == ""
