"""The lock of sent records: every way around it is tried and fails in the database."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError, IntegrityError

from funds.models import FundDocument, FundLine
from funds.services import save_fund_document
from povfund.common.errors import RuleViolation
from povfund.common.uid import uuid7
from povfund.common.verdict import Refused
from records.choices import LOCKED_STATES
from records.models import EntryDraft, Permit, RecordRevision, Review
from records.services import Step, delete_record, take_step
from tests.documents import draft, province_reviewed, submitted, typed, unit_reviewed
from tests.people import account

STATES = [str(state) for state in LOCKED_STATES]


def sent(state: str = "acknowledged", number: str = "通财农〔2016〕3号") -> FundDocument:
    """A record as the transmission leaves it."""
    document = province_reviewed(number)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE funds_funddocument SET state = 'sealed' WHERE uid = %s", [document.pk])
        if state != "sealed":
            cursor.execute(
                """UPDATE funds_funddocument SET state = %s, acked_rev = rev, acked_hash = content_hash
                   WHERE uid = %s""",
                [state, document.pk],
            )
    document.refresh_from_db()
    return document


def refused_by_lock(change) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        change()
    assert error.value.__cause__.sqlstate == "FP001"


def picture(document):
    """Everything stored of a record."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(d) FROM funds_funddocument d WHERE uid = %s", [document.pk])
        root = cursor.fetchall()
        cursor.execute("SELECT to_jsonb(l) FROM funds_fundline l WHERE document_id = %s ORDER BY n", [document.pk])
        return root, cursor.fetchall()


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
def test_the_services_refuse_with_article_and_whom_to_ask(state):
    document = sent(state)
    clerk = account("511921.finance.entry")
    for change in (
        lambda: save_fund_document(actor=clerk, data=typed(title="改"), uid=document.pk, base_rev=document.rev),
        lambda: delete_record(actor=clerk, record=document, seen_rev=document.rev),
    ):
        with pytest.raises(Refused) as refusal:
            change()
        assert refusal.value.verdict.article == "12"
        assert refusal.value.verdict.ask_whom


@pytest.mark.django_db
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ["submit", "approve", "return", "withdraw"])
def test_no_person_takes_a_step_on_a_sent_record(state, action):
    document = sent(state)
    with pytest.raises(RuleViolation):
        take_step(
            actor=account("510000.finance.head"), record=document, step=Step(action=action, comment="x", explained={})
        )


def by_save(document):
    document.title = "改"
    document.save()


def by_save_of_one_field(document):
    document.approved_on = None
    document.title = "改"
    document.save(update_fields=["title"])


def by_bulk_update(document):
    document.remark = "改"
    FundDocument.objects.bulk_update([document], ["remark"])


def by_on_conflict(document):
    document.title = "改"
    FundDocument.objects.bulk_create([document], update_conflicts=True, unique_fields=["uid"], update_fields=["title"])


def raw(statement):
    def run(document):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"uid": document.pk, "new": uuid7()})

    run.__name__ = statement[:60]
    return run


WAYS = [
    by_save,
    by_save_of_one_field,
    by_bulk_update,
    by_on_conflict,
    lambda d: FundDocument.objects.filter(pk=d.pk).update(title="改"),
    lambda d: FundDocument.objects.filter(pk=d.pk).update(owner_unit=account("511922.finance.entry").unit),
    lambda d: FundDocument.objects.filter(pk=d.pk).delete(),
    lambda d: FundLine.objects.filter(document=d).update(amount=1),
    lambda d: FundLine.objects.filter(document=d).delete(),
    raw("UPDATE funds_funddocument SET content_hash = 'x' WHERE uid = %(uid)s"),
    raw("UPDATE funds_funddocument SET rev = rev + 1 WHERE uid = %(uid)s"),
    raw("UPDATE funds_funddocument SET uid = %(new)s WHERE uid = %(uid)s"),
    raw("UPDATE funds_funddocument SET deleted = true WHERE uid = %(uid)s"),
    raw("UPDATE funds_funddocument SET state = 'draft', title = '改' WHERE uid = %(uid)s"),
    raw("""INSERT INTO funds_funddocument SELECT * FROM funds_funddocument WHERE uid = %(uid)s
           ON CONFLICT (uid) DO UPDATE SET title = '改'"""),
    raw("""MERGE INTO funds_funddocument d USING (SELECT %(uid)s::uuid AS uid) s ON d.uid = s.uid
           WHEN MATCHED THEN UPDATE SET title = '改'"""),
    raw("WITH gone AS (DELETE FROM funds_fundline WHERE document_id = %(uid)s RETURNING 1) SELECT count(*) FROM gone"),
    raw("""INSERT INTO funds_fundline SELECT (jsonb_populate_record(l, jsonb_build_object('uid', %(new)s::uuid, 'n', 9,
           'document_no', ''))).* FROM funds_fundline l WHERE document_id = %(uid)s"""),
    raw("UPDATE funds_fundline SET document_id = %(new)s WHERE document_id = %(uid)s"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("way", WAYS, ids=range(len(WAYS)))
@pytest.mark.parametrize("state", STATES)
def test_even_the_owner_of_the_tables_cannot_change_the_content(state, way):
    document = sent(state)
    before = picture(document)
    refused_by_lock(lambda: way(document))
    assert picture(document) == before


@pytest.mark.django_db
def test_a_line_cannot_be_moved_into_a_sent_record():
    locked, other = sent(), draft("通财农〔2016〕8号")
    refused_by_lock(lambda: FundLine.objects.filter(document=other).update(document=locked))


@pytest.mark.django_db
def test_once_acknowledged_the_content_is_locked_in_every_later_state():
    document = sent("acknowledged")
    FundDocument.objects.filter(pk=document.pk).update(state="permitted")
    FundDocument.objects.filter(pk=document.pk).update(state="submitted")
    refused_by_lock(lambda: FundDocument.objects.filter(pk=document.pk).update(title="改"))
    refused_by_lock(lambda: FundLine.objects.filter(document=document).update(amount=1))
    with pytest.raises(Refused):
        delete_record(actor=account("511921.finance.entry"), record=document, seen_rev=document.rev)


@pytest.mark.django_db
def test_a_permit_lets_exactly_its_content_through_and_nothing_else():
    document = sent("permitted")
    permit = Permit.objects.create(
        permit_id=uuid7(),
        record_type="fund_document",
        record_uid=document.pk,
        base_rev=document.rev,
        base_hash=document.content_hash,
        new_hash="a" * 64,
        expires_at=document.changed_at,
    )
    rows = FundDocument.objects.filter(pk=document.pk)
    refused_by_lock(lambda: rows.update(title="改", content_hash="a" * 64))
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.permit_id', %s, true)", [str(permit.permit_id)])
    refused_by_lock(lambda: rows.update(title="改", content_hash="b" * 64))
    rows.update(title="改", content_hash="a" * 64)
    Permit.objects.update(used_at=document.changed_at)
    refused_by_lock(lambda: rows.update(title="又改", content_hash="a" * 64))


# as the login role of the pages, over a connection of its own


@pytest.fixture
def locked(committed_db):
    return sent("acknowledged")


def app_statements(document):
    uid, permit = str(document.pk), str(uuid7())
    yield f"UPDATE funds_funddocument SET title = '改' WHERE uid = '{uid}'", "FP001"
    yield f"UPDATE funds_funddocument SET state = 'draft' WHERE uid = '{uid}'", "FP001"
    yield f"UPDATE funds_funddocument SET acked_rev = NULL WHERE uid = '{uid}'", "FP001"
    yield f"DELETE FROM funds_funddocument WHERE uid = '{uid}'", "FP001"
    yield f"UPDATE funds_fundline SET amount = 1 WHERE document_id = '{uid}'", "FP001"
    yield f"DELETE FROM funds_fundline WHERE document_id = '{uid}'", "FP001"
    yield f"SET session_replication_role = replica; DELETE FROM funds_fundline WHERE document_id = '{uid}'", "42501"
    yield "ALTER TABLE funds_funddocument DISABLE TRIGGER ALL", "42501"
    yield "DROP TABLE funds_fundline", "42501"
    yield "TRUNCATE funds_funddocument CASCADE", "42501"
    yield "TRUNCATE records_review", "42501"
    yield "CREATE TABLE funds_copy AS SELECT * FROM funds_funddocument", "42501"
    yield "SET ROLE fp_owner", "42501"
    yield "SET ROLE fp_sync", "42501"
    yield (
        f"""INSERT INTO records_permit (permit_id, record_type, record_uid, base_rev, base_hash, new_hash, expires_at)
            VALUES ('{permit}', 'fund_document', '{uid}', 1, '', '', now())""",
        "42501",
    )
    yield "UPDATE records_permit SET used_at = NULL", "42501"
    yield "UPDATE records_identity SET rev = 0", "42501"
    for table in ("records_review", "records_recordrevision", "accounts_auditentry"):
        yield f"DELETE FROM {table}", "42501"
        yield f"UPDATE {table} SET id = id", "42501"


def test_the_role_of_the_pages_finds_no_way(locked, as_role):
    before = picture(locked)
    with as_role("fp_app") as app:
        for statement, code in app_statements(locked):
            with pytest.raises(psycopg.Error) as error:
                app.execute(statement)
            assert error.value.sqlstate == code, statement
    assert picture(locked) == before


@pytest.mark.parametrize("login", ["fp_app", "fp_sync", "fp_owner"])
def test_no_setting_of_a_session_switches_a_trigger_off(locked, as_role, login):
    with as_role(login) as session:
        names = session.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'pgtrigger%'").fetchall()
        session.execute("SELECT set_config('pgtrigger.ignore', %s, false)", ["{" + ",".join(n for (n,) in names) + "}"])
        with pytest.raises(psycopg.Error) as error:
            session.execute(f"UPDATE funds_funddocument SET title = '改' WHERE uid = '{locked.pk}'")
        assert error.value.sqlstate == "FP001"


def test_the_role_of_the_pages_cannot_use_somebody_elses_permit(committed_db, as_role):
    document = sent("permitted")
    permit = Permit.objects.create(
        permit_id=uuid7(),
        record_type="fund_document",
        record_uid=document.pk,
        base_rev=document.rev,
        base_hash=document.content_hash,
        new_hash="a" * 64,
        expires_at=document.changed_at,
    )
    with as_role("fp_app") as app:
        app.execute("SELECT set_config('app.permit_id', %s, false)", [str(permit.permit_id)])
        for statement in (
            f"UPDATE funds_funddocument SET title = '改', content_hash = '{'a' * 64}' WHERE uid = '{document.pk}'",
            f"UPDATE funds_fundline SET amount = 1 WHERE document_id = '{document.pk}'",
        ):
            with pytest.raises(psycopg.Error) as error:
                app.execute(statement)
            assert error.value.sqlstate == "FP001"


@pytest.mark.parametrize("state", STATES)
def test_the_role_of_the_pages_neither_seals_nor_stores_a_sealed_record(committed_db, as_role, state):
    document = province_reviewed()
    with as_role("fp_app") as app:
        for statement in (
            f"UPDATE funds_funddocument SET state = '{state}' WHERE uid = '{document.pk}'",
            f"""INSERT INTO funds_funddocument SELECT (jsonb_populate_record(d,
                jsonb_build_object('uid', '{uuid7()}', 'state', '{state}'))).* FROM funds_funddocument d""",
            f"""INSERT INTO funds_funddocument SELECT (jsonb_populate_record(d,
                jsonb_build_object('uid', '{uuid7()}', 'acked_rev', 1))).* FROM funds_funddocument d""",
        ):
            with pytest.raises(psycopg.Error) as error:
                app.execute(statement)
            assert error.value.sqlstate == "FP001"


# what only grows


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Review, RecordRevision])
@pytest.mark.parametrize("change", ["update", "delete", "truncate"])
def test_reviews_and_revisions_only_grow(model, change):
    submitted()

    def run():
        if change == "update":
            model.objects.update(record_type="x")
        elif change == "delete":
            model.objects.all().delete()
        else:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(f"TRUNCATE {model._meta.db_table}")

    with pytest.raises(IntegrityError), transaction.atomic():
        run()
    assert model.objects.exists()


# four eyes


@pytest.mark.django_db
def test_four_eyes_hold_for_raw_sql_too():
    document = unit_reviewed()
    author = Review.objects.get(record_uid=document.pk, step="author")
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO records_review (record_type, record_uid, cycle, rev, content_hash, step, person_id,
                   person_name, unit_key, reason_code, comment, explained, at)
               SELECT record_type, record_uid, cycle, rev, content_hash, 'province', person_id, person_name,
                   unit_key, '', '', '[]', at FROM records_review WHERE id = %s""",
            [author.pk],
        )
    assert "records_review_four_eyes" in str(error.value)


# the data-entry draft is nobody else's


@pytest.mark.django_db
def test_autosave_is_private_without_rules_and_outlives_saves_from_elsewhere():
    from accounts.models import AuditEntry
    from records.services import draft_of, save_draft

    clerk, colleague = account("511921.finance.entry"), account("511921.finance.head")
    kept = {"form": "fund_document", "record_uid": None}
    save_draft(actor=clerk, base_rev=None, payload={"title": "半"}, **kept)
    save_draft(actor=clerk, base_rev=None, payload={"title": "半句", "lines": [{"amount": "no number"}]}, **kept)
    assert draft_of(actor=clerk, **kept).payload["title"] == "半句"
    assert draft_of(actor=colleague, **kept) is None
    assert not AuditEntry.objects.filter(target_type="fund_document").exists()
    document = draft()
    assert draft_of(actor=clerk, **kept).payload["title"] == "半句", "only the page that typed it ends it"
    save_draft(actor=clerk, form="fund_document", record_uid=document.pk, base_rev=1, payload={"title": "改"})
    save_fund_document(actor=clerk, data=typed(title="改"), uid=document.pk, base_rev=1)
    assert EntryDraft.objects.count() == 2
