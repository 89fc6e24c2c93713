"""Ten thousand records move as one set exactly as each would alone."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from accounts.models import AuditEntry
from funds.models import FundDocument, FundLine
from povfund.common.canonical import canonical, content_hash
from povfund.common.uid import uuid7
from povfund.common.verdict import Refused
from records.models import Outbox, RecordRevision, Review
from records.registry import record_type
from records.review.trail import explained_warnings
from tests.documents import draft, line, move, step, typed
from tests.people import account

pytestmark = pytest.mark.django_db

MANY = 10_000


def copies(n: int) -> list[FundDocument]:
    """`n` drafts like one that was entered, each with its own number, line, author and hash."""
    kind, pattern = record_type("fund_document"), draft("通财农〔2016〕1号")
    pattern_line, author = FundLine.objects.get(document=pattern), Review.objects.get(record_uid=pattern.pk)
    made, lines, authors = [], [], []
    for number in range(2, n + 2):
        document = FundDocument.objects.model(**values(pattern))
        document.pk, document.document_no = uuid7(), f"通财农〔2016〕{number}号"
        document.document_no_raw = document.document_no
        made.append(document)
        row = FundLine(**values(pattern_line))
        row.pk, row.document_id, row.document_no = uuid7(), document.pk, document.document_no
        lines.append(row)
        seen = Review(**values(author))
        seen.pk, seen.record_uid = None, document.pk
        authors.append(seen)
    FundDocument.objects.bulk_create(made, batch_size=1000)
    FundLine.objects.bulk_create(lines, batch_size=1000)
    contents = kind.contents([document.pk for document in made])
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE funds_funddocument SET content_hash = %s WHERE uid = %s",
            [(content_hash(kind.key, uid, canonical(content)), uid) for uid, content in contents.items()],
        )
    Review.objects.bulk_create(authors, batch_size=1000)
    return made


def values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def shape(document):
    """What a record looks like after its steps, without what names it."""
    document.refresh_from_db()
    told = Review.objects.filter(record_uid=document.pk).order_by("pk")
    fields = ("step", "cycle", "rev", "person_name", "unit_key", "comment", "explained")
    return {
        "state": (document.state, document.rev, document.cycle, document.reviewed_rev, document.warnings),
        "hashes": document.reviewed_hash == document.content_hash,
        "reviews": list(told.values_list(*fields)),
        "revisions": RecordRevision.objects.filter(record_uid=document.pk).count(),
        "outbox": list(Outbox.objects.filter(record_uid=document.pk).values_list("rev", "batch")),
    }


STEPS = (
    ("submit", "511921.finance.entry"),
    ("approve", "511921.finance.review"),
    ("approve", "510000.finance.head"),
)


@pytest.mark.slow
def test_ten_thousand_records_move_as_each_would_alone():
    documents = copies(MANY)
    alone, together = documents[0], documents[1:]
    for action, by in STEPS:
        step(alone, action, by=by)
        result = move(account(by), together, action)
        assert len(result.moved) == MANY - 1
        assert not result.refused
    wanted = shape(alone)
    assert wanted["state"][0] == "province_reviewed"
    for document in (together[0], together[len(together) // 2], together[-1]):
        assert shape(document) == wanted
    assert Outbox.objects.filter(batch=None).count() == MANY
    assert AuditEntry.objects.filter(target_id="*").count() == len(STEPS)


def test_a_set_costs_the_same_number_of_queries_for_two_and_for_forty():
    counts = []
    for documents in (copies(2), None):
        documents = documents or more(40)
        for action, by in STEPS:
            actor = account(by)
            assert actor.scope
            with CaptureQueriesContext(connection) as queries:
                move(actor, documents, action)
            counts.append(len(queries))
    assert counts[:3] == counts[3:]


def more(n):
    """Further drafts beside those of `copies`."""
    from funds.services import save_fund_document

    clerk = account("511921.finance.entry")
    return [
        save_fund_document(actor=clerk, data=typed(f"通财农〔2017〕{k}号", lines=[line()])) for k in range(1, n + 1)
    ]


def test_what_was_changed_behind_the_services_is_neither_submitted_nor_approved():
    good, bad = more(2)
    FundLine.objects.filter(document=bad).update(amount=7)
    result = move(account("511921.finance.entry"), [good, bad], "submit")
    assert result.moved == [good.pk]
    assert result.refused[bad.pk].findings[0].rule == "TAMPERED"


def test_warnings_that_ceased_to_fire_leave_the_record():
    document = draft()
    step(document, "submit", by="511921.finance.entry")
    assert [warning["rule"] for warning in document.warnings] == ["F05"]
    step(document, "withdraw", by="511921.finance.entry")
    FundDocument.objects.filter(pk=document.pk).update(entered_at="2016-03-02T00:00:00Z")
    kind = record_type("fund_document")
    document.refresh_from_db()
    fresh = content_hash(kind.key, document.pk, canonical(kind.contents([document.pk])[document.pk]))
    FundDocument.objects.filter(pk=document.pk).update(content_hash=fresh, rev=2)
    move(account("511921.finance.entry"), [document], "submit")
    document.refresh_from_db()
    assert (document.state, document.warnings) == ("submitted", [])


def test_a_return_from_the_centre_opens_a_cycle_with_the_same_authors():
    from records.services import carry_authors

    document = draft()
    carry_authors({document.pk: document.cycle})
    assert sorted(Review.objects.filter(record_uid=document.pk).values_list("cycle", "step")) == [
        (1, "author"),
        (2, "author"),
    ]


def test_a_step_that_moved_nothing_leaves_no_entry_of_having_been_taken():
    document = draft()
    result = move(account("511921.finance.review"), [document], "approve")
    assert (result.moved, list(result.refused)) == ([], [document.pk])
    assert not AuditEntry.objects.filter(action="funds.fund_document.approve").exists()


@pytest.mark.parametrize(("who", "action"), [("511921.finance.entry", "approve"), ("511921.finance.review", "submit")])
def test_a_person_without_the_duty_is_refused_the_whole_set_at_once(who, action):
    document = draft()
    with pytest.raises(Refused) as refusal:
        move(account(who), [document], action)
    assert refusal.value.verdict.article
    assert refusal.value.verdict.ask_whom
    assert not AuditEntry.objects.filter(action=f"funds.fund_document.{action}").exists()


def test_warnings_are_kept_in_both_languages_whoever_submits_and_shown_in_the_readers():
    for language in ("en", "zh-hans"):
        document = draft(f"通财农〔2016〕{len(language)}号")
        with override(language):
            step(document, "submit", by="511921.finance.entry")
        (warning,) = document.warnings
        assert "工作日" in warning["message"]
        assert "working day" in warning["message_en"]
        for shown_in, words in (("zh-hans", "工作日"), ("en", "working day")):
            with override(shown_in):
                (shown,) = explained_warnings(document)
            assert words in shown["message"]
