"""Every action the sources write to the audit trail has words, in both languages."""

import re

import pytest
from django.conf import settings
from django.utils.translation import override

from povfund.deeds import THINGS, deed_words
from sync.choices import CLOSED_CHANGES, ChangeState

APPS = ("accounts", "records", "funds", "sync", "rollups")
WRITTEN = re.compile(r'action="([a-z_]+(?:\.[a-z_]+){1,2})"')


def written_actions():
    """Actions that stand whole in the sources."""
    found = set()
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            found |= set(WRITTEN.findall(path.read_text("utf-8")))
    return sorted(found)


def test_the_sources_write_actions():
    assert len(written_actions()) > 30


@pytest.mark.parametrize("action", written_actions())
def test_an_action_has_words(action):
    assert deed_words(action) != action


@pytest.mark.parametrize("state", CLOSED_CHANGES)
def test_the_end_of_a_change_order_has_words(state):
    action = f"sync.change.{'finish' if state == ChangeState.DONE else state}"
    assert deed_words(action) != action


@pytest.mark.parametrize("verb", ["deactivate", "reactivate"])
def test_closing_and_opening_an_account_have_words(verb):
    assert deed_words(f"accounts.user.{verb}") != f"accounts.user.{verb}"


def test_words_are_of_the_readers_language():
    with override("zh-hans"):
        assert deed_words("accounts.session.start") == "开始会话"
        assert deed_words("funds.fund_document.approve") == "审核通过资金下达"
    with override("en"):
        assert deed_words("accounts.session.start") == "start session"


def test_an_unknown_action_is_shown_as_it_is():
    assert deed_words("sync.change.nonsense") == "sync.change.nonsense"
    assert deed_words("nonsense") == "nonsense"


def test_no_word_is_left_without_use():
    text = "\n".join(path.read_text("utf-8") for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py"))
    assert not [thing for thing in THINGS if thing.count(".") and f"{thing}." not in text]
