"""The life of a record through its services."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry
from funds.models import FundDocument
from funds.services import save_fund_document
from povfund.common.errors import IllegalTransition, RuleViolation, StaleEdit
from povfund.common.verdict import Refused
from records.choices import RecordState
from records.life.workflow import RECORD_LIFE
from records.models import Outbox, RecordRevision, Review
from records.services import Step, take_step
from tests.documents import REASONS, draft, line, move, province_reviewed, step, submitted, typed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db


def test_a_county_record_goes_through_three_different_persons_and_waits_in_the_outbox():
    document = province_reviewed()
    assert document.state == RecordState.PROVINCE_REVIEWED
    assert (document.reviewed_rev, document.reviewed_hash) == (document.rev, document.content_hash)
    waiting = Outbox.objects.get(record_uid=document.uid)
    assert (waiting.rev, waiting.content_hash, waiting.batch) == (1, document.content_hash, None)
    assert [r.step for r in Review.objects.filter(record_uid=document.uid)] == ["author", "submit", "unit", "province"]
    assert RecordRevision.objects.get(record_uid=document.uid).content_hash == document.content_hash
    assert AuditEntry.objects.filter(target_id=str(document.uid)).count() == 4


def test_a_warning_without_a_reason_refuses_the_submission_and_lists_what_is_missing():
    document = draft()
    with pytest.raises(RuleViolation) as refusal:
        take_step(actor=account("511921.finance.entry"), record=document, step=Step(action="submit"))
    assert [f.rule for f in refusal.value.findings] == ["F05"]
    document.refresh_from_db()
    assert document.state == RecordState.DRAFT


def test_the_typed_reason_travels_with_the_record():
    document = submitted()
    assert document.warnings[0]["rule"] == "F05"
    assert document.warnings[0]["reason"] == REASONS["F05"]
    assert Review.objects.get(record_uid=document.uid, step="submit").explained[0]["rule"] == "F05"


def test_who_entered_it_cannot_review_it():
    document = submitted()
    with pytest.raises(Refused):
        step(document, "approve", by="511921.finance.entry")


def test_one_person_with_two_accounts_cannot_take_two_steps():
    from accounts import services

    document = submitted()
    clerk = account("511921.finance.entry")
    second = services.create_account(
        None,
        person=clerk.person,
        unit=clerk.unit,
        username="511921.finance.second",
        duties=["review"],
        encoded_password=clerk.password,
    )
    with pytest.raises(Refused) as refusal:
        take_step(actor=second, record=document, step=Step(action="approve"))
    assert refusal.value.verdict.article == "12"


@pytest.mark.parametrize("by", ["510000.poverty.review", "511900.finance.review", "511922.finance.review"])
def test_only_the_provincial_counterpart_reviews_for_the_province(by):
    document = unit_reviewed()
    with pytest.raises(Refused):
        step(document, "approve", by=by)


def test_the_city_reviews_first_where_the_province_switched_it_on():
    from records.models import ReviewSetting
    from tests.people import division

    ReviewSetting.objects.create(province=division("510000"), city_review=True)
    document = unit_reviewed()
    with pytest.raises(Refused):
        step(document, "approve", by="510000.finance.review")
    step(document, "approve", by="511900.finance.review")
    assert document.state == RecordState.CITY_REVIEWED
    step(document, "approve", by="510000.finance.review")
    assert document.state == RecordState.PROVINCE_REVIEWED


def test_returning_needs_a_comment_and_the_authors_stay_authors():
    document = unit_reviewed()
    with pytest.raises(RuleViolation):
        step(document, "return", by="510000.finance.review")
    step(document, "return", by="510000.finance.review", comment="金额与文件不符")
    assert (document.state, document.cycle) == (RecordState.DRAFT, 2)
    authors = Review.objects.filter(record_uid=document.uid, step="author").values_list("cycle", "person__name")
    assert sorted(authors) == [(1, "511921.finance.entry"), (2, "511921.finance.entry")]


def test_saving_reviewed_content_sends_it_back_to_draft_and_out_of_the_outbox():
    document = province_reviewed()
    changed = save_fund_document(
        actor=account("511921.finance.entry"),
        data=typed(lines=[line(amount="250.00")]),
        uid=document.uid,
        base_rev=1,
    )
    assert (changed.state, changed.rev, changed.reviewed_rev) == (RecordState.DRAFT, 2, None)
    assert not Outbox.objects.exists()


def test_saving_the_same_content_changes_nothing():
    document = unit_reviewed()
    uid = document.lines.get().uid
    same = save_fund_document(
        actor=account("511921.finance.entry"), data=typed(lines=[line(uid=uid)]), uid=document.uid, base_rev=1
    )
    assert (same.state, same.rev) == (RecordState.UNIT_REVIEWED, 1)


def test_a_stale_edit_is_refused_with_the_other_persons_change():
    document = draft()
    clerk = account("511921.finance.entry")
    save_fund_document(actor=clerk, data=typed(title="另一标题"), uid=document.uid, base_rev=1)
    with pytest.raises(StaleEdit) as refusal:
        save_fund_document(actor=clerk, data=typed(), uid=document.uid, base_rev=1)
    assert refusal.value.changes[0]["field"] == "title"
    assert refusal.value.changes[0]["theirs"] == "另一标题"


def test_a_submitted_record_is_withdrawn_before_it_is_changed():
    document = submitted()
    with pytest.raises(Refused):
        save_fund_document(actor=account("511921.finance.entry"), data=typed(), uid=document.uid, base_rev=1)
    step(document, "withdraw", by="511921.finance.entry")
    assert document.state == RecordState.DRAFT


PERSONAL = [t for t in RECORD_LIFE.transitions if not t.system]
PAIRS = sorted({(s, t.action) for s in RecordState.values for t in RECORD_LIFE.transitions})
LEGAL = {(s, t.action) for t in PERSONAL for s in t.sources}


@pytest.mark.parametrize(("state", "action"), [pair for pair in PAIRS if pair not in LEGAL])
def test_every_pair_missing_from_the_table_is_refused(state, action):
    document = draft()
    FundDocument.objects.filter(pk=document.pk).update(state=state, reviewed_rev=1)
    with pytest.raises(IllegalTransition):
        step(document, action, by="511921.finance.head", comment="x")


def test_a_set_moves_like_single_records_and_names_what_it_refused():
    good = [submitted(f"通财农〔2016〕{n}号") for n in range(1, 4)]
    still_draft = draft("通财农〔2016〕9号")
    result = move(account("511921.finance.review"), [*good, still_draft], "approve")
    assert sorted(result.moved) == sorted(d.uid for d in good)
    assert list(result.refused) == [still_draft.uid]
    assert set(FundDocument.objects.filter(state="unit_reviewed").values_list("pk", flat=True)) == {d.uid for d in good}
    entry = AuditEntry.objects.filter(target_id="*").get()
    assert (entry.after["moved"], entry.after["refused"]) == (3, 1)


@pytest.mark.parametrize("state", RecordState.values)
def test_each_action_leads_from_a_state_by_one_arrow_at_most(state):
    actions = [t.action for t in RECORD_LIFE.transitions if state in t.sources]
    assert len(actions) == len(set(actions))


def test_the_table_leaves_no_state_without_a_way_in():
    reached = {target for t in RECORD_LIFE.transitions for target in t.targets}
    assert reached == set(RecordState.values)


def test_nobody_takes_a_step_of_the_server():
    system = {t.action for t in RECORD_LIFE.transitions if t.system}
    assert system == {"issue", "seal", "acknowledge", "quarantine", "void", "permit", "execute", "reopen", "restore"}
    for state in RecordState.values:
        assert not system & {t.action for t in RECORD_LIFE.leaving(state)}


def test_a_grant_to_read_another_division_is_no_right_to_review_there():
    from datetime import timedelta

    from accounts.models import User
    from accounts.services import give_grant
    from povfund.common import clock
    from records.models import ReviewSetting
    from tests.people import division

    ReviewSetting.objects.create(province=division("510000"), city_review=True)
    document, reader = unit_reviewed(), account("510100.finance.review")
    give_grant(
        account("510000.security"),
        person=reader.person,
        target=division("511921"),
        valid_from=clock.today(),
        valid_to=clock.today() + timedelta(days=5),
        reason="检查",
    )
    reader = User.objects.with_seat().get(pk=reader.pk)
    assert FundDocument.objects.visible_to(reader).filter(pk=document.pk).exists()
    with pytest.raises(Refused):
        take_step(actor=reader, record=document, step=Step(action="approve"))


def test_a_delegated_unit_review_is_in_the_list_and_can_be_taken():
    from datetime import timedelta

    from accounts.models import User
    from accounts.services import give_grant
    from povfund.common import clock

    document, helper = submitted(), account("511922.finance.review")
    assert not FundDocument.objects.visible_to(helper).filter(pk=document.pk).exists()
    give_grant(
        account("510000.security"),
        person=helper.person,
        target=document.owner_unit,
        right="review",
        valid_from=clock.today(),
        valid_to=clock.today() + timedelta(days=5),
        reason="审核人休假",
    )
    helper = User.objects.with_seat().get(pk=helper.pk)
    assert list(FundDocument.objects.visible_to(helper).awaiting(helper)) == [document]
    take_step(actor=helper, record=document, step=Step(action="approve"))
    assert document.state == RecordState.UNIT_REVIEWED
