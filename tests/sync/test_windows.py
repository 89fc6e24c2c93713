"""Windows: on the right day, once, whatever was off, and with an alarm when nothing came (rows 65–72)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from unittest.mock import patch

import httpx
import pytest
from django.test import override_settings
from django.utils.translation import override

from accounts.models import AuditEntry, Unit
from funds.models import FundDocument
from povfund.common import clock
from povfund.common.errors import RuleViolation
from records.calendar import services as calendar
from records.calendar.models import CalendarDay
from records.models import Alarm, Job
from records.services import shown_alarms
from sync.choices import Trigger, WindowState
from sync.models import Batch, Node, TransmissionWindow
from sync.sealing import seal
from sync.sending.client import CentreClient
from sync.services import confirm_returned, send_now
from sync.windows import lease, run, sanity, schedule, watch
from sync.windows.lease import Fenced, claim_due
from tests.documents import province_reviewed, step, unit_reviewed
from tests.people import account, provincial_head, system_admin, unit
from tests.sync.test_sealing import in_threads

START = 9 * 60 + 18
"""Minutes after midnight at which P51 begins: 09:00 and its fixed share of the hour."""


@contextmanager
def at(moment):
    """The clock of this server says so."""
    with override_settings(FAKE_NOW=moment):
        yield


@pytest.fixture
def here(world):
    """Work as the province."""
    with world.at("P51"):
        yield world


def windows():
    return list(TransmissionWindow.objects.order_by("nominal"))


def states():
    return {str(window.nominal): window.state for window in windows()}


def tick(moment):
    """What the ticker does, at a moment."""
    with at(moment):
        schedule.keep_ahead()
        run.run_due()
        watch.watch()


def alarms(kind):
    return set(Alarm.objects.filter(kind=kind, over_at=None).values_list("key", flat=True))


@pytest.mark.parametrize(
    ("nominal", "due"),
    [
        ("2024-02-16", "2024-02-18"),
        ("2026-01-01", "2026-01-04"),
        ("2025-02-01", "2025-02-05"),
        ("2026-02-16", "2026-02-24"),
    ],
)
def test_row_065_a_window_moves_to_the_next_working_day_made_up_ones_too(here, nominal, due):
    before = date.fromisoformat(nominal) - timedelta(days=3)
    with at(f"{before}T08:00"):
        schedule.make_windows()
        window = TransmissionWindow.objects.get(nominal=nominal)
        assert str(window.due) == due
        assert window.starts_at.astimezone(clock.SHANGHAI) == datetime.combine(
            window.due, datetime.min.time(), clock.SHANGHAI
        ) + timedelta(minutes=START)


def test_windows_lie_sixty_days_ahead_each_once(here):
    with at("2026-11-20T08:00"):
        assert schedule.make_windows() == 4
        assert schedule.make_windows() == 0
    assert [str(window.nominal) for window in windows()] == ["2026-12-01", "2026-12-16", "2027-01-01", "2027-01-16"]


def test_row_066_without_next_years_calendar_the_rule_is_provisional_and_december_alarms(here):
    tick("2026-12-02T10:00")
    first = TransmissionWindow.objects.get(nominal="2027-01-01")
    assert (first.provisional, str(first.due)) == (True, "2027-01-04")
    assert alarms("calendar.provisional") == {"2027"}


def test_row_067_windows_ahead_follow_a_changed_calendar_and_started_ones_do_not(here):
    with at("2026-01-20T08:00"):
        schedule.make_windows()
        TransmissionWindow.objects.filter(nominal="2026-02-01").update(state=WindowState.SENT)
        before = {str(window.nominal): window.due for window in windows()}
        days = [calendar.DayInput(day.date, day.kind, day.name) for day in CalendarDay.objects.filter(year=2026)]
        more = [calendar.DayInput(date(2026, 2, 1) + timedelta(days=n), "off", "延长假期") for n in range(1, 14)]
        more += [calendar.DayInput(date(2026, 2, 24) + timedelta(days=n), "off", "延长假期") for n in range(3)]
        taken = {day.date for day in days}
        calendar.enter_year(
            actor=system_admin(),
            year=2026,
            days=[*days, *(day for day in more if day.date not in taken)],
            source="国办发明电〔2026〕1号",
        )
        assert schedule.move_windows() == 1
    after = {str(window.nominal): window.due for window in windows()}
    assert after["2026-02-01"] == before["2026-02-01"]
    assert (str(before["2026-02-16"]), str(after["2026-02-16"])) == ("2026-02-24", "2026-02-27")
    entry = AuditEntry.objects.get(action="sync.window.move")
    assert entry.after["due"] == "2026-02-27"


def test_row_068_a_window_runs_at_the_first_tick_after_a_downtime(here):
    tick("2026-11-13T10:00")
    province_reviewed()
    with patch.object(sanity, "centre_time", lambda: clock.now()):
        tick("2026-11-18T11:00")
    batch = Batch.objects.get()
    assert (batch.trigger, str(batch.window.nominal), batch.lines) == ("schedule", "2026-11-16", 1)
    assert states()["2026-11-16"] == WindowState.SENT
    assert Job.objects.filter(kind="sync.deliver", key=str(batch.pk)).exists()


def test_several_missed_windows_make_one_batch_of_the_oldest(here):
    tick("2026-08-20T10:00")
    for moment in ("2026-08-20T10:00", "2026-11-18T10:00"):
        with here.at("C"), at(moment):
            schedule.make_windows()
    with patch.object(sanity, "centre_time", lambda: clock.now()):
        tick("2026-11-18T11:00")
    batch = Batch.objects.get()
    assert str(batch.window.nominal) == "2026-09-01"
    covered = TransmissionWindow.objects.filter(covered_by=batch.window).values_list("nominal", flat=True)
    expected = ["2026-09-16", "2026-10-01", "2026-10-16", "2026-11-01", "2026-11-16"]
    assert [str(nominal) for nominal in covered.order_by("nominal")] == expected
    with at("2026-11-18T11:10"):
        here.deliver(batch)
        here.ingest()
        assert here.fetch(batch).state == "applied"
    assert {states()[nominal] for nominal in expected} == {WindowState.DONE}
    with here.at("C"):
        assert {states()[nominal] for nominal in expected} == {WindowState.DONE}
        assert states()["2026-12-01"] == WindowState.PENDING


def test_an_empty_window_sends_an_empty_batch_and_is_done_with_its_receipt(here):
    with here.at("C"), at("2026-11-15T10:00"):
        schedule.make_windows()
    tick("2026-11-15T10:00")
    tick("2026-11-16T09:17")
    assert not Batch.objects.exists()
    tick("2026-11-16T09:18")
    batch = Batch.objects.get()
    with at("2026-11-16T09:20"):
        here.deliver(batch)
        here.ingest()
        assert here.fetch(batch).state == "applied"
    assert (batch.kind, states()["2026-11-16"]) == ("empty", WindowState.DONE)
    with here.at("C"), at("2026-11-16T18:30"):
        watch.watch()
        assert not alarms("sync.silence")


def test_row_069_tickers_at_one_moment_make_one_batch(here):
    tick("2026-11-13T10:00")
    province_reviewed()
    with at("2026-11-14T10:00"):
        sanity.clock_is_sane()
    with at("2026-11-15T10:00"):
        sanity.clock_is_sane()
    with at("2026-11-16T10:00"):
        in_threads(4, run.run_due)
    assert Batch.objects.get().lines == 1


def test_row_070_a_worker_with_an_expired_lease_writes_nothing(here):
    tick("2026-11-15T10:00")
    with at("2026-11-16T09:30"):
        slow = claim_due()
        assert claim_due() is None
    with at("2026-11-16T10:10"):
        quick = claim_due()
        assert (quick.pk, quick.fence) == (slow.pk, slow.fence + 1)
        with pytest.raises(Fenced):
            run.run_window(slow)
        assert not Batch.objects.exists()
        run.run_window(quick)
        with pytest.raises(Fenced):
            run.run_window(slow)
    assert Batch.objects.count() == 1


def test_a_worker_that_died_after_sealing_is_followed_by_one_that_finishes(here):
    tick("2026-11-15T10:00")
    province_reviewed()
    with at("2026-11-16T09:30"):
        seal(trigger=Trigger.SCHEDULE, window=claim_due())
    with at("2026-11-16T10:10"):
        run.run_due()
    batch = Batch.objects.get()
    assert (batch.lines, batch.state, states()["2026-11-16"]) == (1, "built", WindowState.SENT)


def test_row_071_jobs_asked_for_again_after_the_queue_was_lost(here):
    tick("2026-11-15T10:00")
    tick("2026-11-16T09:30")
    Job.objects.all().delete()
    tick("2026-11-16T09:31")
    assert Job.objects.filter(kind="sync.deliver").count() == 1
    assert Batch.objects.count() == 1


def test_row_072_a_clock_set_back_makes_no_second_window(here):
    tick("2026-11-15T23:00")
    tick("2026-11-16T23:59")
    before = states()
    tick("2026-11-16T00:01")
    tick("2026-11-16T10:00")
    assert states() == before
    assert Batch.objects.count() == 1


@pytest.mark.parametrize("centre", ["right", "silent"])
def test_row_072_a_clock_a_year_ahead_starts_nothing_and_misses_nothing(here, centre):
    tick("2026-11-10T10:00")
    before = states()
    times = {"right": lambda: datetime(2026, 11, 10, 2, 1, tzinfo=UTC), "silent": lambda: None}
    with patch.object(sanity, "centre_time", times[centre]):
        tick("2027-11-10T10:00")
        tick("2027-11-10T10:01")
    assert {name: state for name, state in states().items() if name in before} == before
    assert alarms("sync.clock") == {"own"}
    assert not alarms("sync.missed")
    assert not Batch.objects.exists()
    tick("2026-11-10T10:05")
    assert not alarms("sync.clock")


def test_the_centres_time_is_read_from_the_head_of_an_answer(here):
    said = {"date": "Tue, 10 Nov 2026 02:01:00 GMT"}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, headers=said))
    with CentreClient(transport=transport) as client:
        assert client.time() == datetime(2026, 11, 10, 2, 1, tzinfo=UTC)
    with override_settings(CENTRAL_URL="http://127.0.0.1:9"):
        assert sanity.centre_time() is None


def held_back():
    return patch.object(run, "claim_due", lambda: None)


def test_i14_a_late_window_is_told_to_more_and_more(here):
    for kind in ("finance", "poverty"):
        unit(f"510000.{kind}")
    tick("2026-11-15T10:00")
    with held_back():
        tick("2026-11-16T11:00")
        window = TransmissionWindow.objects.get(nominal="2026-11-16")
        assert not alarms("sync.late")
        tick("2026-11-16T11:19")
        assert alarms("sync.late") == {str(window.pk)}
        assert states()["2026-11-16"] == WindowState.LATE
        tick("2026-11-16T16:00")
        assert alarms("sync.late") > {str(window.pk), f"{window.pk}.finance", f"{window.pk}.poverty"}
        assert Alarm.objects.get(key=f"{window.pk}.poverty").unit == Unit.objects.by_key("510000.poverty")
        tick("2026-11-16T23:00")
        assert not alarms("sync.missed")
        tick("2026-11-17T00:30")
        assert alarms("sync.missed") == {str(window.pk)}
        assert states()["2026-11-16"] == WindowState.MISSED
    tick("2026-11-17T08:00")
    batch = Batch.objects.get()
    assert batch.window == window
    with at("2026-11-17T08:05"):
        here.deliver(batch)
        here.ingest()
        here.fetch(batch)
    tick("2026-11-17T08:10")
    assert not alarms("sync.late")
    assert not alarms("sync.missed")


def test_the_centre_watches_by_itself(here):
    with here.at("C"):
        with at("2026-11-13T10:00"):
            schedule.make_windows()
        window = TransmissionWindow.objects.get(nominal="2026-11-16")
        with at("2026-11-16T17:59"):
            watch.watch()
            assert not alarms("sync.silence")
        with at("2026-11-16T18:00"):
            watch.watch()
            assert alarms("sync.silence") == {str(window.pk)}
        with at("2026-11-17T00:10"):
            watch.watch()
            assert alarms("sync.missed") == {str(window.pk)}


def test_i9_what_was_received_and_not_applied_within_the_hour_is_an_alarm(here):
    with at("2026-11-16T10:00"):
        batch = here.seal()
        here.deliver(batch)
    with here.at("C"):
        with at("2026-11-16T10:59"):
            watch.watch()
            assert not alarms("sync.unapplied")
        with at("2026-11-16T11:01"):
            watch.watch()
            assert alarms("sync.unapplied") == {str(batch.pk)}
            assert Alarm.objects.get(kind="sync.unapplied").node == "P51"
    with at("2026-11-16T11:02"):
        here.work_off()
    with here.at("C"), at("2026-11-16T11:03"):
        watch.watch()
        assert not alarms("sync.unapplied")


def test_reviewers_are_warned_three_working_days_before_and_one(here):
    unit("510000.finance")
    unit_reviewed()
    tick("2026-11-10T10:00")
    assert not alarms("sync.review_soon")
    tick("2026-11-11T10:00")
    window = TransmissionWindow.objects.get(nominal="2026-11-16")
    assert alarms("sync.review_soon") == {f"{window.pk}.finance.3"}
    tick("2026-11-12T10:00")
    assert alarms("sync.review_soon") == {f"{window.pk}.finance.3"}
    tick("2026-11-13T10:00")
    assert alarms("sync.review_soon") == {f"{window.pk}.finance.1"}
    alarm = Alarm.objects.get(kind="sync.review_soon", over_at=None)
    assert (alarm.unit.key, alarm.details["records"]) == ("510000.finance", 1)
    for language, words in (("zh-hans", "1 条，2026-11-16 上传窗口"), ("en", "1 record, window of 2026-11-16")):
        with override(language):
            (shown,) = shown_alarms(account("510000.finance.head"))
        assert shown.about == words
    assert not shown_alarms(account("510000.security")), "who reads no records has nothing to review"
    step(FundDocument.objects.get(), "approve", by="510000.finance.head")
    tick("2026-11-13T11:00")
    assert not alarms("sync.review_soon")


def test_a_paused_node_starts_nothing_until_somebody_has_looked(here):
    tick("2026-11-15T10:00")
    Node.objects.filter(pk="P51").update(paused_at=clock.now(), pause_reason="MANY_RETURNED")
    tick("2026-11-16T10:00")
    assert not Batch.objects.exists()
    with pytest.raises(RuleViolation, match="PAUSED"):
        send_now(actor=provincial_head(), reason="重要数据")
    with pytest.raises(RuleViolation):
        confirm_returned(actor=provincial_head(), comment=" ")
    confirm_returned(actor=provincial_head(), comment="逐条核对，系科目填错")
    tick("2026-11-16T10:05")
    assert Batch.objects.exists()


def test_two_due_windows_and_a_lease_in_force_wait_for_it(here):
    tick("2026-10-20T10:00")
    with at("2026-11-02T10:00"):
        first = claim_due()
    with at("2026-11-02T10:20"):
        assert claim_due() is None
    assert first.fence == 1
    assert timedelta(minutes=30) == lease.LEASE
