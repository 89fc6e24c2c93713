"""A chain that was stopped goes on when two persons of the centre have said so, and not before."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from accounts.models import AuditEntry
from povfund.common import clock
from povfund.common.errors import IllegalTransition, RuleViolation
from povfund.common.verdict import Refused
from sync import stops
from sync.changes.signing import NotProved
from sync.ingest import ingest
from sync.models import Batch, ChainHead, ChainStop, NodeKey, StopVoice
from tests.people import PASSWORD, account
from tests.sync.forge import Forger, a_record, alarms, code_of, state_of_centre
from tests.sync.stopping import ADMINS, proof_of, speak
from tests.sync.test_change_api import Caller
from tests.sync.test_change_roles import logged_in
from tests.sync.test_pages import CENTRAL_CLERK, browser, text_of

FIRST, SECOND = ADMINS
REASON = "省里确认另一批次出自复制的服务器"


@pytest.fixture
def forked(world):
    """A batch that was received and one of the same number that was not: (world, forger, received, other)."""
    forger = Forger(world)
    received = forger.batch([a_record()])
    forger.deliver(received)
    other = forger.batch([a_record()], seq=1, prev="0" * 64)
    assert code_of(forger.announce(other)) == (409, "CHAIN_FORK")
    return world, forger, received, other


def test_a_fork_goes_on_with_what_the_centre_holds_after_the_second_persons_word(forked):
    world, forger, received, other = forked
    assert forger.ingest(received).state == "held_assert"
    with world.at("C"):
        stop = ChainStop.objects.get()
        assert (stop.reason, stop.why, stop.seq) == ("CHAIN_FORK", "same number, other content", 1)
        assert speak(stop, FIRST).cleared_at is None
        assert ChainHead.objects.get().frozen_reason == "CHAIN_FORK"
    assert code_of(forger.announce(forger.batch([a_record()], seq=2))) == (409, "CHAIN_FROZEN")
    with world.at("C"):
        assert speak(stop, SECOND).cleared_at is not None
        assert ChainHead.objects.get().frozen_reason == ""
        assert not alarms("sync.chain_fork")
        entries = AuditEntry.objects.filter(action="sync.chain.clear").order_by("pk")
        assert [entry.after["voices"] for entry in entries] == [1, 2]
    world.work_off()
    with world.at("C"):
        assert Batch.objects.get().state == "applied"
        before = state_of_centre()
    assert code_of(forger.announce(other)) == (409, "CHAIN_FORK")
    with world.at("C"):
        assert ChainStop.objects.filter(cleared_at=None).count() == 1
        assert before | {"heads": None} == state_of_centre() | {"heads": None}


def test_the_chain_takes_its_next_batch_after_it_was_cleared(forked):
    world, forger, _received, _other = forked
    with world.at("C"):
        for who in ADMINS:
            speak(ChainStop.objects.get(), who)
    assert forger.deliver(forger.batch([a_record()])).status_code == 200
    world.work_off()
    with world.at("C"):
        assert list(Batch.objects.order_by("seq").values_list("seq", "state")) == [(1, "applied"), (2, "applied")]


def test_one_person_is_one_voice_however_often_and_needs_a_reason_and_a_fresh_proof(forked):
    world, *_rest = forked
    with world.at("C"):
        stop, person = ChainStop.objects.get(), account(FIRST)
        with pytest.raises(RuleViolation):
            speak(stop, FIRST, reason="  ")
        with pytest.raises(Refused):
            speak(stop, CENTRAL_CLERK)
        old = proof_of(person)
        object.__setattr__(old, "at", clock.now() - timedelta(minutes=6))
        with pytest.raises(NotProved):
            stops.clear_stop(actor=person, stop=stop, reason=REASON, proof=old)
        proof = proof_of(person)
        for _time in range(2):
            stops.clear_stop(actor=person, stop=stop, reason=REASON, proof=proof)
        with pytest.raises(Refused):
            speak(stop, FIRST)
        assert StopVoice.objects.count() == 1
        other = account(SECOND)
        borrowed = proof_of(other)
        object.__setattr__(borrowed, "nonce", proof.nonce)
        with pytest.raises(IllegalTransition):
            stops.clear_stop(actor=other, stop=stop, reason=REASON, proof=borrowed)
        speak(stop, SECOND)
        with pytest.raises(IllegalTransition):
            speak(stop, SECOND)


STATEMENTS = [
    "UPDATE sync_chainhead SET frozen_reason = ''",
    "UPDATE sync_chainhead SET frozen_reason = 'OTHER'",
    "UPDATE sync_chainstop SET cleared_at = now()",
    "UPDATE sync_chainstop SET why = '', seq = 9",
    "DELETE FROM sync_chainstop",
    "DELETE FROM sync_chainhead",
    "UPDATE sync_stopvoice SET person_id = person_id",
    "DELETE FROM sync_stopvoice",
    "INSERT INTO sync_stopvoice (stop_id, person_id, by_id, name, reason, proved_by, nonce, at)"
    " SELECT stop_id, person_id, by_id, name, reason, proved_by, nonce || 'x', at FROM sync_stopvoice",
]


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("login", ["fp_app", "fp_sync", "fp_owner"])
def test_the_database_refuses_what_one_person_may_not_do(forked, login, statement):
    world, *_rest = forked
    with world.at("C"):
        speak(ChainStop.objects.get(), FIRST)
    with world.server.as_role(login, database=world.databases["C"]) as other, pytest.raises(psycopg.DatabaseError):
        other.execute(statement)
    with world.at("C"):
        assert ChainHead.objects.get().frozen_reason == "CHAIN_FORK"
        assert ChainStop.objects.get().cleared_at is None


def test_a_cleared_stop_is_never_opened_again_and_an_unfrozen_head_may_be_frozen(forked):
    world, *_rest = forked
    with world.at("C"):
        stop = ChainStop.objects.get()
        for who in ADMINS:
            speak(stop, who)
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE sync_chainstop SET cleared_at = NULL")
        stops.freeze(ChainHead.objects.get(), why="prev does not fit", seq=2, evidence="")
        stops.freeze(ChainHead.objects.get(), why="prev does not fit", seq=2, evidence="")
        assert ChainStop.objects.filter(cleared_at=None).count() == 1
        with pytest.raises(IntegrityError), transaction.atomic():
            ChainStop.objects.create(head=ChainHead.objects.get(), reason="CHAIN_FORK", since=clock.now())


def test_the_page_says_since_when_why_and_who_must_act_and_two_administrators_let_it_go_on(forked):
    world, forger, received, _other = forked
    forger.ingest(received)
    with world.at("C"):
        stop = ChainStop.objects.get()
        reader, first, second = browser(CENTRAL_CLERK), browser(FIRST), browser(SECOND)
        words = text_of(reader.get("/sync/stops/"))
        assert "收到一个编号已被占用的批次" in words
        assert "须由中央两名系统管理员分别处理" in words
        assert "由中央的两名系统管理员解除" in words
        assert stop.evidence in words
        assert "总和不一致时任何人不得放行" in words
        assert "停链" in text_of(reader.get("/sync/"))
        form = {"reason": REASON, "password": PASSWORD, "nonce": "a" * 32}
        path = f"/sync/stops/{stop.pk}/"
        assert reader.post(path, form).status_code == 403
        assert first.post(path, form | {"password": "wrong"}).status_code in (401, 403, 422)
        assert first.post(path, form | {"reason": ""}).status_code == 422
        assert not StopVoice.objects.exists()
        assert first.post(path, form).status_code == 302
        words = text_of(first.get("/sync/stops/"))
        assert "您已对该链表示意见" in words
        assert REASON in text_of(second.get("/sync/stops/"))
        assert second.post(path, form | {"nonce": "b" * 32}).status_code == 302
        words = text_of(reader.get("/sync/stops/"))
        assert "没有停止的批次链" in words
        assert FIRST in words
        assert SECOND in words


def test_a_frozen_key_stands_on_the_page_with_its_last_good_number(world):
    with world.at("C"):
        NodeKey.objects.filter(node="P51").update(status=NodeKey.Status.FROZEN, to_seq=7)
        words = text_of(browser(CENTRAL_CLERK).get("/sync/stops/"))
        assert "FROZEN_KEY" in words
        assert "只对 7 号及以前的批次有效" in words


def test_the_api_lists_stops_and_takes_the_two_voices(forked):
    world, *_rest = forked
    with world.at("C"):
        first, second, reader = Caller(FIRST), Caller(SECOND), Caller(CENTRAL_CLERK)
        (row,) = reader.get("/api/v1/chain-stops/").json()["results"]
        assert (row["node"], row["epoch"], row["cleared_at"], row["voices"]) == ("P51", 1, None, [])
        path = f"/api/v1/chain-stops/{row['id']}/clear/"
        assert reader.post(path, reason=REASON).status_code == 403
        assert first.post(path, reason="", password=PASSWORD, nonce="n0").status_code == 400
        done = first.post(path, reason=REASON, password=PASSWORD, nonce="n1")
        assert (done.status_code, done.json()["cleared_at"]) == (200, None)
        assert first.post(path, reason=REASON, password=PASSWORD, nonce="n2").status_code == 403
        assert second.post(path, reason=REASON, password=PASSWORD, nonce="n3").json()["cleared_at"]
        assert second.post(path, reason=REASON, password=PASSWORD, nonce="n4").status_code == 409


def test_the_role_of_the_pages_takes_calls_stops_a_chain_and_lets_it_go_on(world):
    forger = Forger(world)
    with world.at("C"):
        for who in ADMINS:
            account(who)
    with logged_in(world, "C", "app"):
        received = forger.batch([a_record()])
        assert forger.deliver(received).status_code == 200
        assert code_of(forger.announce(forger.batch([a_record()], seq=1, prev="0" * 64))) == (409, "CHAIN_FORK")
    with logged_in(world, "C", "app"):
        stop = ChainStop.objects.get()
        for who in ADMINS:
            stop = speak(stop, who)
        assert stop.cleared_at
    with logged_in(world, "C", "sync"):
        assert ingest(received.uid).state == "applied"
