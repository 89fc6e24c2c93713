"""Central documents in a province: entered at the centre, issued by the signed downlink, passed on below."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection

from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.errors import RuleViolation
from records.models import Alarm, Identity, RecordRevision, Review
from rollups.chain.reading import chain_of
from rollups.services.reading import Question, answer
from sync.changes import pulling
from sync.changes.permissions import may_draft
from sync.fpb.errors import RejectedInput
from sync.issuing import issue_down, take_issued
from sync.models import DownlinkCursor, DownlinkItem
from tests.documents import draft, line, step, submitted, unit_reviewed
from tests.people import account, division
from tests.sync.test_change_roles import logged_in

CENTRAL = "000000.finance.entry"
LINES = [("510000", "900.00", {}), ("510000", "50.00", {"fund_category": "ethnic"}), ("520000", "100.00", {})]


def these_days() -> dict:
    day = clock.today() - timedelta(days=3)
    return {"budget_year": day.year, "issued_on": day, "approved_on": day}


def central_document(world, number="财农〔2026〕1号", lines=LINES, **changes):
    """A document of the Ministry, reviewed by another person of it."""
    with world.at("C"):
        given = [line(place, amount, **words) for place, amount, words in lines]
        return unit_reviewed(number, by=CENTRAL, **{"lines": given, **these_days(), **changes})


def issue(world, *nodes) -> int:
    """The centre's ticker, then the downlink of these nodes; how many items were made."""
    with world.at("C"):
        count = issue_down()
    for node in nodes or ("P51",):
        pull(world, node)
    return count


def pull(world, node="P51") -> int:
    with world.at(node), world.client(node) as client:
        return pulling.pull(client)


def provincial(central, number="川财农〔2026〕1号", amount="700.00", **changes):
    """A document of the province below the central one, reviewed by the province."""
    own = unit_reviewed(
        number,
        by="510000.finance.entry",
        **{"parent": central.pk, "lines": [line("511900", amount)], **these_days(), **changes},
    )
    return step(own, "approve", by="510000.finance.head")


def test_a_province_passes_money_of_the_ministry_on_and_the_chain_is_whole_on_both_sides(world):
    central = central_document(world)
    assert issue(world) == 1
    with world.at("P51"):
        own = provincial(central)
    batch = world.send()
    assert (batch.state, batch.applied, batch.returned) == ("applied", 1, 0)
    assert batch.reconciliation == {} or not batch.reconciliation.get("differences")
    for node, name in (("P51", "510000.finance.review"), ("C", "000000.finance.analyst")):
        with world.at(node):
            below, reader = FundDocument.objects.get(pk=own.pk), account(name)
            found = chain_of(reader, below)
            assert [(s.document.pk, s.to.code, s.fen) for s in found.sources] == [(central.pk, "510000", 95_000)]
            assert [said for said, _url in found.gaps] == ["巴中市未报 川财农〔2026〕1号 的到账。"]
            rows = [row for row in chain_of(reader, FundDocument.objects.get(pk=central.pk)).rows if not row.depth]
            (edge,) = [row.edge for row in rows if row.edge.holder_key == "51"]
            assert (edge.given, edge.passed, edge.unallocated) == (95_000, 70_000, 25_000)
            total = answer(Question(node=division("510000"))).total
            assert (total.fen, total.n) == (95_000, 2)


def test_the_province_holds_its_own_lines_alone_under_the_uids_of_the_centre(world):
    central = central_document(world)
    with world.at("C"):
        uids = set(FundLine.objects.filter(document=central, recipient__code="510000").values_list("pk", flat=True))
        assert FundDocument.objects.get(pk=central.pk).total == 1050
    issue(world)
    with world.at("P51"):
        held = FundDocument.objects.get(pk=central.pk)
        assert (held.state, held.origin_node, held.total, held.line_count) == ("acknowledged", "C", 950, 2)
        assert set(held.lines.values_list("pk", flat=True)) == uids
        assert held.content_hash == held.acked_hash == RecordRevision.objects.get(record_uid=held.pk).content_hash
        steps = list(Review.objects.filter(record_uid=held.pk).values_list("step", "person_name"))
        assert steps == [
            ("author", CENTRAL),
            ("submit", CENTRAL),
            ("unit", "000000.finance.review"),
        ]


def test_whom_it_does_not_reach_sees_nothing_of_it(world):
    central = central_document(world)
    issue(world)
    with world.at("P51"):
        seen = lambda name: FundDocument.objects.visible_to(account(name)).filter(pk=central.pk).exists()  # noqa: E731
        assert [seen(f"{code}.finance.review") for code in ("510000", "511900", "511921")] == [True, False, False]


def test_it_is_locked_in_the_province_and_no_order_changes_it(world):
    central = central_document(world)
    issue(world)
    with logged_in(world, "P51", "app"), pytest.raises(Exception, match="was sent and is locked"):
        FundDocument.objects.filter(pk=central.pk).update(title="改过的")
    with world.at("P51"):
        verdict = may_draft(account("510000.finance.head"), FundDocument.objects.get(pk=central.pk))
        assert not verdict


def test_what_the_centre_has_not_reviewed_stays_there(world):
    with world.at("C"):
        lines = [line("510000", "900.00")]
        draft("财农〔2026〕1号", by=CENTRAL, lines=lines, **these_days())
        submitted("财农〔2026〕2号", by=CENTRAL, lines=lines, **these_days())
    assert issue(world) == 0


def test_issuing_twice_sends_nothing_twice_and_a_province_that_joins_later_gets_all(two_provinces):
    world = two_provinces
    central = central_document(world)
    assert issue(world, "P51", "P52") == 2
    assert issue(world, "P51", "P52") == 0
    with world.at("P52"):
        assert FundDocument.objects.get(pk=central.pk).total == 100
    with world.at("C"):
        assert DownlinkItem.objects.filter(record_uid=central.pk).count() == 2
        assert Identity.objects.get(pk=central.pk).node == "C"


def test_a_province_whose_batch_is_being_applied_gets_its_documents_later_and_the_others_now(two_provinces):
    world = two_provinces
    central_document(world)
    ingest = world.server.as_role("fp_sync", database=world.databases["C"])
    with ingest as applying, applying.transaction(), world.at("C"):
        applying.execute("SELECT 1 FROM sync_node WHERE code = 'P51' FOR NO KEY UPDATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        assert issue_down() == 1
        assert DownlinkItem.objects.get().node_id == "P52"
    assert issue(world) == 1


def test_each_role_does_its_part(world):
    central = central_document(world)
    with logged_in(world, "C", "sync"):
        assert issue_down() == 1
    with logged_in(world, "P51", "sync"), world.client() as client:
        assert pulling.pull(client) == 1
    with logged_in(world, "P51", "app"):
        assert FundDocument.objects.get(pk=central.pk).state == "acknowledged"


def test_money_taken_back_by_the_centre_follows_its_document_in_the_order_of_issue(world):
    central = central_document(world)
    back = central_document(
        world,
        "财农〔2026〕9号",
        lines=[("510000", "-100.00", {})],
        issue_batch="recovery",
        parent=central.pk,
    )
    assert issue(world) == 2
    with world.at("P51"):
        assert FundDocument.objects.get(pk=back.pk).parent_id == central.pk
        with pytest.raises(RuleViolation) as refused:
            provincial(central, amount="850.01")
        assert refused.value.findings[0].rule == "F04"
        provincial(central, amount="850.00")


def test_what_was_changed_behind_the_services_is_not_issued_and_named(world):
    central = central_document(world)
    with world.at("C"):
        FundDocument.objects.filter(pk=central.pk).update(title="改过的")
        assert issue_down() == 0
        assert FundDocument.objects.get(pk=central.pk).state == "unit_reviewed"
        assert Alarm.objects.filter(kind="sync.tampered", key=str(central.pk), over_at=None).exists()


def body_of(world, central) -> dict:
    with world.at("C"):
        return json.loads(bytes(DownlinkItem.objects.get(record_uid=central.pk).body))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda said: said["line"]["c"].update(title="改过的"), "HASH_MISMATCH"),
        (lambda said: said["line"].update(on="P52"), "NOT_OWNER"),
        (lambda said: said["line"].update(t="arrival"), "HASH_MISMATCH"),
        (lambda said: said.pop("line"), "BAD_SHAPE"),
    ],
)
def test_a_province_takes_nothing_but_a_record_of_the_centre_as_it_was_signed(world, change, code):
    central = central_document(world)
    with world.at("C"):
        issue_down()
    said = body_of(world, central)
    change(said)
    with world.at("P51"), pytest.raises(RejectedInput) as refused:
        take_issued(said)
    assert refused.value.code == code


def test_a_code_the_province_does_not_know_stops_the_downlink_with_an_alarm_until_it_does(world):
    central = central_document(world)
    with world.at("C"):
        issue_down()
    with world.at("P51"):
        from funds.models import FundCategory

        FundCategory.objects.filter(code="ethnic").update(code="ethnic_old")
    assert pull(world) == 0
    with world.at("P51"):
        assert Alarm.objects.filter(kind="sync.downlink", over_at=None).exists()
        assert not FundDocument.objects.filter(pk=central.pk).exists()
        assert DownlinkCursor.objects.get().n == 0
        FundCategory.objects.filter(code="ethnic_old").update(code="ethnic")
    assert pull(world) == 1
    with world.at("P51"):
        assert not Alarm.objects.filter(kind="sync.downlink", over_at=None).exists()
