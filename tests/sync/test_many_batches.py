"""What is too much for one batch goes in several, and what no batch can carry stays with its reason."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from funds.models import FundDocument
from povfund.common import limits
from povfund.common.errors import RuleViolation
from records.models import Alarm, Review
from sync.choices import WindowState
from sync.fpb.line import encode_line
from sync.models import Batch, BatchItem, TransmissionWindow
from sync.sealing import preview, seal_all
from sync.sealing.build import build
from sync.sealing.choose import choose
from sync.windows import run, schedule
from tests.documents import draft, line, province_reviewed, step
from tests.support.killing import killed_at
from tests.sync.invariants import require_invariants
from tests.sync.test_windows import at

BEFORE, FIRST, AGAIN, LATER = "2026-11-15T10:00", "2026-11-16T09:30", "2026-11-16T10:10", "2026-11-16T10:50"


@pytest.fixture
def here(world):
    """Work as the province."""
    with world.at("P51"):
        yield world


def closed_after(**most):
    """Batches are closed before they hold more than this."""
    return patch.multiple("sync.sealing.room", **most)


def manual():
    return list(seal_all(trigger="manual", reason="重要数据"))


def five_records():
    """A parent that waits last in the outbox, its child before it, and three others."""
    parent = province_reviewed("川财农〔2016〕1号", by="510000.finance.entry", lines=[line(amount="900.00")])
    child = province_reviewed("通财农〔2016〕1号", parent=parent.uid, lines=[line(amount="10.01")])
    others = [province_reviewed(f"通财农〔2016〕{n}号") for n in (2, 3, 4)]
    return parent, child, others


def lines_of_three():
    return [line(fund_category=code) for code in ("development", "work_relief", "ethnic")]


def test_what_is_sealed_always_fits_into_what_is_received():
    fullest = limits.TARGET_RAW - limits.MAX_LINE
    parts = -(-limits.SEAL_RAW // fullest) + -(-limits.SEAL_LINES // limits.MAX_PART_LINES) + 1
    assert parts <= limits.MAX_PARTS
    assert limits.SEAL_RAW < limits.MAX_BATCH_RAW
    assert limits.SEAL_LINES <= limits.MAX_LINES
    assert limits.TARGET_RAW + limits.MAX_LINE < limits.MAX_PART_RAW
    assert limits.SEAL_TOTALS * 200 + limits.MAX_PARTS * 160 < limits.MAX_MANIFEST
    assert limits.MAX_CONTENT < limits.MAX_LINE


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        ({"SEAL_LINES": 2}, [2, 2, 1]),
        ({"SEAL_LINES": 5}, [5]),
        ({"SEAL_RAW": 1}, [1, 1, 1, 1, 1]),
        ({"SEAL_TOTALS": 1}, [1, 4]),
    ],
)
def test_a_batch_is_closed_before_a_limit_and_the_rest_goes_in_the_next(here, most, lines):
    parent, child, others = five_records()
    with closed_after(**most):
        assert preview().batches == len(lines)
        batches = manual()
    assert [batch.lines for batch in batches] == lines
    assert [batch.more for batch in batches] == [True] * (len(lines) - 1) + [False]
    assert [batch.state for batch in batches] == ["built"] * len(lines)
    sent = [
        uid for batch in batches for uid in BatchItem.objects.filter(batch=batch).values_list("record_uid", flat=True)
    ]
    assert set(sent) == {parent.uid, child.uid, *(record.uid for record in others)}
    assert len(sent) == 5
    assert sent.index(parent.uid) < sent.index(child.uid)


def test_the_size_of_a_line_is_never_underrated(here):
    five_records()
    (chosen,) = (chosen for chosen in choose() if chosen.rows)
    with patch("sync.sealing.build.encode_line", wraps=encode_line) as encoded:
        manual()
    lines = {words["uid"]: len(encode_line(**words)) for _args, words in encoded.call_args_list}
    assert lines.keys() == chosen.sizes.keys()
    assert all(lines[uid] <= size < lines[uid] + 1500 for uid, size in chosen.sizes.items())


def test_a_request_repeated_answers_the_same_batches(here):
    five_records()
    uid = Batch().uid
    with closed_after(SEAL_LINES=2):
        first = [batch.pk for batch in seal_all(trigger="manual", reason="重要数据", uid=uid)]
        again = [batch.pk for batch in seal_all(trigger="manual", reason="重要数据", uid=uid)]
    assert first == again
    assert first[0] == uid
    assert Batch.objects.count() == 3


def prepare(world):
    """A window of 16 November with five records, ahead on both sides."""
    with at(BEFORE):
        with world.at("P51"):
            schedule.keep_ahead()
            run.run_due()
            five_records()
        with world.at("C"):
            schedule.keep_ahead()


def transmit(world, moment=FIRST):
    """What tickers and workers of both sides do, with room for two lines in a batch."""
    with at(moment), closed_after(SEAL_LINES=2):
        with world.at("P51"):
            run.run_due()
            batches = list(Batch.objects.order_by("seq"))
        for batch in batches:
            world.deliver(batch)
        world.work_off()
        for batch in batches:
            world.fetch(batch)


def require_the_end(world):
    with world.at("P51"):
        assert list(Batch.objects.order_by("seq").values_list("lines", flat=True)) == [2, 2, 1]
        assert set(FundDocument.objects.values_list("state", flat=True)) == {"acknowledged"}
    for node in ("P51", "C"):
        with world.at(node):
            assert TransmissionWindow.objects.get(nominal="2026-11-16").state == WindowState.DONE
    require_invariants(world)


def test_only_the_last_batch_closes_the_window_on_both_sides(world):
    prepare(world)
    with at(FIRST), closed_after(SEAL_LINES=2), world.at("P51"):
        run.run_due()
        batches = list(Batch.objects.order_by("seq"))
        assert [str(batch.window.nominal) for batch in batches] == ["2026-11-16"] * 3
    for batch, ends in zip(batches, (False, False, True), strict=True):
        with at(AGAIN):
            world.deliver(batch)
            world.work_off()
            world.fetch(batch)
        for node in ("P51", "C"):
            with world.at(node):
                assert (TransmissionWindow.objects.get(nominal="2026-11-16").state == WindowState.DONE) == ends
    require_the_end(world)


@pytest.mark.parametrize(
    "name", ["seal.after_batch", "seal.after_states", "seal.before_commit", "build.mid_file", "build.before_commit",
             "seal.between_batches", "window.after_build"]
)  # fmt: skip
def test_killed_in_the_second_batch_of_a_window_the_rest_goes_on_as_if_nothing_had_happened(world, name):
    prepare(world)
    killed_at("seal.between_batches", lambda: transmit(world))
    killed_at(name, lambda: transmit(world, AGAIN))
    transmit(world, LATER)
    require_the_end(world)


@pytest.mark.parametrize(
    ("most", "word"), [({"MAX_LINE": 2_100}, "KiB"), ({"MAX_CHILDREN": 2}, "行"), ({"MAX_STEPS": 4}, "步")]
)
def test_what_no_batch_can_carry_stays_with_reason_remedy_and_alarm(here, most, word):
    large = province_reviewed("通财农〔2016〕1号", lines=lines_of_three())
    small = province_reviewed("通财农〔2016〕2号")
    again = Review.objects.get(record_uid=large.uid, step="submit")
    again.pk = None
    again.save(force_insert=True)
    with closed_after(**most):
        (batch,) = manual()
        finding = preview().kept[large.uid].finding
    assert [item.record_uid for item in batch.items.all()] == [small.uid]
    assert finding.rule == "TOO_LARGE"
    assert word in str(finding.message)
    assert "退回" in str(finding.remedy)
    alarm = Alarm.objects.get(kind="sync.blocked", over_at=None)
    assert (alarm.key, alarm.details["rule"]) == ("511921.finance", "TOO_LARGE")
    assert build(batch).state == "built"


def test_alarms_of_records_not_looked_at_in_a_full_batch_stay(here):
    five_records()
    large = province_reviewed("通财农〔2016〕9号", lines=lines_of_three())
    with closed_after(MAX_CHILDREN=2):
        next(iter(seal_all(trigger="manual", reason="重要数据")))
    province_reviewed("通财农〔2016〕7号")
    province_reviewed("通财农〔2016〕8号")
    with closed_after(MAX_CHILDREN=2, SEAL_LINES=1):
        manual()
    assert Alarm.objects.filter(kind="sync.blocked", over_at=None).count() == 1
    large.refresh_from_db()
    assert large.state == "province_reviewed"


def test_what_could_never_be_sent_is_refused_when_it_is_submitted(here):
    document = draft()
    with patch("records.life.services.steps.MAX_CONTENT", 500), pytest.raises(RuleViolation) as refused:
        step(document, "submit", by="511921.finance.entry")
    (finding,) = refused.value.findings
    assert (finding.rule, finding.article) == ("TOO_LARGE", "13")
