"""Pages of transmission at the centre and at a province."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Division
from funds.models import FundDocument
from povfund.common import clock
from records.choices import RecordState
from records.models import Job
from sync import keys, raw
from sync.models import (
    Batch,
    LineOutcome,
    Node,
    NodeKey,
    QuarantinedLine,
    QuarantineNote,
    TransmissionWindow as Window,
)
from sync.remedies import NOT_READABLE, reasons_of
from sync.services import add_note, send_now
from tests.documents import line, province_reviewed
from tests.people import account
from tests.permissions import test_url_table as url_table
from tests.sync.stopping import stop_chain

CENTRAL_CLERK, CENTRAL_ADMIN, SECOND_ADMIN = "000000.finance.analyst", "000000.sysadmin", "000000.poverty.sysadmin"
PUBLIC = bytes(range(32))


def browser(name: str) -> Client:
    client = Client()
    client.force_login(account(name))
    return client


def text_of(answer) -> str:
    """Words of a page, without tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def spoil(n: int, line: bytes) -> bytes:
    """The second line's year is no number."""
    return line.replace(b'"budget_year":2016', b'"budget_year":2O16') if n else line


@pytest.fixture
def returned(world):
    """A batch of two lines of which the centre took one."""
    with world.at("P51"):
        for n in (1, 2):
            province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次")
    batch = world.send_spoilt(spoil)
    assert (batch.applied, batch.returned) == (1, 1)
    return batch


def test_the_centre_reads_a_quarantined_line_with_reason_remedy_and_bytes(world, returned):
    with world.at("C"):
        line = QuarantinedLine.objects.get()
        client = browser(CENTRAL_CLERK)
        listed = text_of(client.get("/sync/returned/"))
        assert f"{returned} · {line.line_no}" in listed
        assert "1 行未结" in listed
        page = client.get(f"/sync/returned/{returned.pk}/{line.line_no}/")
        words = text_of(page)
        assert '"budget_year":2O16' in words
        assert "这一行无法读取" in words
        assert line.reasons[0]["code"] in words
        assert "上报程序生成的这一行有误" in words
        assert str(returned) in words


def test_a_province_reads_its_returned_lines_from_the_file_it_sent(world, returned):
    with world.at("P51"):
        outcome = LineOutcome.objects.get(outcome="returned")
        client = browser("511921.finance.entry")
        listed = text_of(client.get("/sync/returned/"))
        assert "通财农〔2016〕2号" in listed
        assert "通财农〔2016〕1号" not in listed
        words = text_of(client.get(f"/sync/returned/{returned.pk}/{outcome.line_no}/"))
        assert '"budget_year":2O16' in words
        assert "打开记录" in words
        assert "添加备注" not in words


def test_a_lost_file_is_said_and_nothing_breaks(world, returned):
    with world.at("P51"):
        outcome = LineOutcome.objects.get(outcome="returned")
        for path in (world.folder / "P51" / "sync" / "out").glob("*/*.part"):
            path.unlink()
        answer = browser("511921.finance.entry").get(f"/sync/returned/{returned.pk}/{outcome.line_no}/")
        assert answer.status_code == 200
        assert "本服务器上没有这个批次的文件" in text_of(answer)


def test_other_counties_do_not_see_a_returned_line(world, returned):
    with world.at("P51"):
        outcome = LineOutcome.objects.get(outcome="returned")
        client = browser("511922.finance.entry")
        for page in ("/sync/returned/", "/sync/"):
            answer = client.get(page)
            assert answer.status_code == 200
            assert "2号" not in text_of(answer)
            assert str(outcome.record_uid) not in answer.content.decode()
        assert client.get(f"/sync/returned/{returned.pk}/{outcome.line_no}/").status_code == 404


WHOLE = ["/sync/batches/", "/api/v1/batches/preview/"]


@pytest.mark.parametrize("who", ["511921.finance.entry", "511921.statistics.entry", "511900.finance.review"])
def test_cities_and_counties_read_nothing_of_the_whole_province(world, returned, who):
    with world.at("P51"):
        client, batch = browser(who), f"/api/v1/batches/{returned.pk}/"
        for address in (*WHOLE, f"/sync/batches/{returned.pk}/", batch, f"{batch}file/"):
            assert client.get(address).status_code == 404, address
        for address in ("/api/v1/batches/", "/api/v1/receipts/"):
            assert client.get(address).json()["results"] == []
        page = client.get("/sync/")
        assert page.status_code == 200
        assert not [name for name in ("batches", "preview", "going", "blocked") if name in page.context]
        assert "/sync/batches/" not in page.content.decode()


def test_what_is_held_what_goes_and_their_sum_are_written_with_the_same_decimals(world):
    with world.at("P51"):
        province_reviewed("通财农〔2016〕1号", lines=[line("511921", "3500000.01")])
        page = browser("510000.finance.head").get("/sync/").content.decode()
        shown = re.findall(r'<div class="big[^"]*">(.*?)</div>', page)
        shown = [re.sub("<.*?>", "", amount) for amount in shown]
        assert shown == ["0.000000", "350.000001", "350.000001"]


def test_a_county_keeps_its_window_and_its_returned_lines(world, returned):
    with world.at("P51"):
        day = clock.today()
        Window.objects.create(node_id="P51", nominal=day, due=day, starts_at=clock.now(), state="pending")
        client = browser("511921.finance.entry")
        words = text_of(client.get("/sync/"))
        assert f"{day:%Y-%m-%d} 窗口" in words or str(day) in words
        assert "通财农〔2016〕2号" in words
        assert "通财农〔2016〕1号" not in words
        assert client.get("/api/v1/windows/").json()["results"][0]["nominal"] == str(day)


@pytest.mark.parametrize(
    "who, status",
    [("510000.finance.head", 200), ("510000.statistics.review", 403), ("510000.sysadmin", 403)],
)
def test_who_reads_the_province_reads_its_batches_but_only_the_sender_takes_the_file(world, returned, who, status):
    with world.at("P51"):
        client, batch = browser(who), f"/api/v1/batches/{returned.pk}/"
        (row,) = client.get("/api/v1/batches/").json()["results"]
        assert (row["uid"], row["receipt"]["at"][-6:]) == (str(returned.pk), "+08:00")
        assert client.get("/api/v1/receipts/").json()["results"]
        for address in (*WHOLE, "/sync/", f"/sync/batches/{returned.pk}/", batch):
            assert client.get(address).status_code == 200, address
        assert client.get(f"{batch}file/").status_code == status


def test_a_request_to_send_is_read_only_by_whoever_reads_batches(world):
    with world.at("P51"):
        province_reviewed()
        job = send_now(actor=account("510000.finance.head"), reason="重要数据")
        address = f"/api/v1/batches/{job.pk}/"
        assert browser("510000.finance.review").get(address).json()["reason"] == "重要数据"
        assert browser("511921.finance.entry").get(address).status_code == 404


def test_what_is_sent_by_hand_is_what_the_page_showed(world):
    with world.at("P51"):
        client = browser("510000.finance.head")
        answer = client.post("/sync/send/", {"reason": "重要数据", "digest": ""})
        assert answer.status_code == 422
        assert "没有待上报的内容，未生成批次。" in answer.content.decode()
        province_reviewed("通财农〔2016〕1号")
        seen = client.get("/sync/").context["preview"].digest
        assert f'name="digest" value="{seen}"' in client.get("/sync/").content.decode()
        province_reviewed("通财农〔2016〕2号")
        stale = client.post("/sync/send/", {"reason": "重要数据", "digest": seen})
        assert stale.status_code == 422
        page = stale.content.decode()
        assert "待上报的内容在您查看之后有变化，未上报。" in page
        assert 'value="重要数据"' in page, "the reason is still there"
        anew = stale.context["preview"]
        assert (anew.lines, anew.digest == seen) == (2, False)
        assert f'name="digest" value="{anew.digest}"' in page
        assert not Job.objects.filter(kind="sync.send_now").exists()
        assert client.post("/sync/send/", {"reason": "重要数据", "digest": anew.digest}).status_code == 302
        assert Job.objects.filter(kind="sync.send_now").count() == 1


def test_over_the_api_too_nothing_is_not_sent_and_a_digest_is_held_to(world):
    with world.at("P51"):
        client = browser("510000.finance.head")

        def send(**body):
            return client.post("/api/v1/batches/", body, content_type="application/json")

        nothing = send(reason="重要数据")
        assert (nothing.status_code, nothing.json()["errors"][0]["rule"]) == (409, "NOTHING")
        province_reviewed()
        seen = client.get("/api/v1/batches/preview/").json()["digest"]
        stale = send(reason="重要数据", digest="0" * 64)
        assert (stale.status_code, stale.json()["errors"][0]["rule"]) == (409, "CHANGED")
        assert send(reason="重要数据", digset=seen).status_code == 400
        assert send(reason="重要数据", digest=seen).status_code == 202


def test_a_preview_names_what_stays_only_to_readers_of_records(world):
    with world.at("P51"):
        kept = province_reviewed("通财农〔2016〕9号", title="第9次")
        FundDocument.objects.filter(pk=kept.pk).update(title="改过")
        blocked = {
            who: browser(who).get("/api/v1/batches/preview/").json()["blocked"]
            for who in ("510000.finance.review", "510000.sysadmin")
        }
        assert [row["uid"] for row in blocked["510000.finance.review"]] == [str(kept.pk)]
        assert blocked["510000.sysadmin"] == []


def test_administrators_read_batches_but_not_their_lines_and_are_told_why(world, returned):
    with world.at("C"):
        client = browser(CENTRAL_ADMIN)
        answer = client.get("/sync/returned/")
        assert answer.status_code == 403
        assert "您的岗位不含查看业务数据" in text_of(answer)
        words = text_of(client.get(f"/sync/batches/{returned.pk}/"))
        assert "您的岗位不含查看业务数据" in words
        assert str(QuarantinedLine.objects.get().line_no) in words


def test_a_note_is_added_kept_and_audited(world, returned):
    with world.at("C"):
        line = QuarantinedLine.objects.get()
        before = bytes(line.raw)
        address = f"/sync/returned/{returned.pk}/{line.line_no}/"
        client = browser(CENTRAL_CLERK)
        assert client.post(address + "notes/", {"text": "  "}).status_code == 422
        assert client.post(address + "notes/", {"text": "已电话告知四川省财政厅 <b>"}).status_code == 302
        assert "已电话告知四川省财政厅 &lt;b&gt;" in client.get(address).content.decode()
        line.refresh_from_db()
        assert bytes(line.raw) == before
        assert AuditEntry.objects.filter(action="sync.quarantine.note", comment__startswith="已电话").exists()
        with pytest.raises(IntegrityError):
            QuarantineNote.objects.update(text="别的")


def test_nobody_at_a_province_writes_notes(world, returned):
    from povfund.common.verdict import Refused

    with world.at("C"):
        line = QuarantinedLine.objects.get()
        with override_settings(EDITION="provincial"), pytest.raises(Refused) as refused:
            add_note(actor=account("511921.finance.entry"), line=line, text="我来改")
        assert refused.value.verdict.article == "12"
    with world.at("P51"):
        answer = browser("511921.finance.entry").post(f"/sync/returned/{returned.pk}/1/notes/", {"text": "我来改"})
        assert answer.status_code == 404


def test_open_and_settled_lines_are_told_apart_on_both_sides(world, returned):
    with world.at("C"):
        client = browser(CENTRAL_CLERK)
        assert f"{returned} ·" in text_of(client.get("/sync/returned/?state=open"))
        QuarantinedLine.objects.update(resolved_at=clock.now())
        assert f"{returned} ·" not in text_of(client.get("/sync/returned/?state=open"))
        assert f"{returned} ·" in text_of(client.get("/sync/returned/?state=resolved"))
        assert f"{returned} ·" not in text_of(client.get("/sync/returned/?code=F99"))
    with world.at("P51"):
        client = browser("511921.finance.entry")
        assert "通财农〔2016〕2号" in text_of(client.get("/sync/returned/?state=open"))
        assert "通财农〔2016〕2号" not in text_of(client.get("/sync/returned/?state=resolved"))
        assert LineOutcome.objects.waiting().get().record_uid
        from funds.models import FundDocument

        held = FundDocument.objects.get(state=RecordState.RETURNED)
        FundDocument.objects.filter(pk=held.pk).update(state=RecordState.SUBMITTED)
        assert "通财农〔2016〕2号" in text_of(client.get("/sync/returned/?state=open")), "not taken yet"
        FundDocument.objects.filter(pk=held.pk).update(state=RecordState.ACKNOWLEDGED, acked_rev=1, acked_hash="0" * 64)
        assert "通财农〔2016〕2号" in text_of(client.get("/sync/returned/?state=resolved"))


def test_the_centre_names_the_record_of_a_returned_line_by_its_number(world):
    with world.at("P51"):
        uid = [province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次").pk for n in (1, 2)][1]
    world.send_spoilt(lambda n, line: line.replace("第2次".encode(), "第3次".encode()))
    with world.at("C"):
        spoilt = QuarantinedLine.objects.get()
        line = QuarantinedLine.objects.create(
            batch=spoilt.batch, line_no=3, record_type="fund_document", record_uid=uid, rev=1, raw=spoilt.raw,
            reasons=[{"code": "F04", "field": "", "message": "超出上级", "values": {}}], since=clock.now(),
        )  # fmt: skip
        client = browser(CENTRAL_CLERK)
        assert "通财农〔2016〕2号" in text_of(client.get("/sync/returned/"))
        page = text_of(client.get(f"/sync/returned/{line.batch_id}/{line.line_no}/"))
        assert "通财农〔2016〕2号" in page


def test_the_board_shows_windows_sums_and_what_waits(world, returned):
    with world.at("C"):
        node = Node.objects.get(pk="P51")
        days = {"done": date(2016, 3, 1), "missed": date(2016, 3, 16)}
        for state, day in days.items():
            Window.objects.create(node=node, nominal=day, due=day, starts_at=clock.now(), state=state)
        Batch.objects.update(window=Window.objects.get(state="done"))
        answer = browser(CENTRAL_CLERK).get("/sync/")
        words = text_of(answer)
        assert "已完成 1 条 退 1" in words
        assert "漏报" in words
        assert "1/1 已完成 0.01" in words
        assert answer.context["lines"][0].fen == 100_00
        assert "条批次卡住" not in words
        stop_chain()
        assert "批次链已冻结" in text_of(browser(CENTRAL_CLERK).get("/sync/"))


def test_the_board_pages_through_the_windows(world):
    with world.at("C"):
        node = Node.objects.get(pk="P51")
        for n in range(9):
            day = date(2016, 1, 1) + timedelta(days=15 * n)
            Window.objects.create(node=node, nominal=day, due=day, starts_at=clock.now(), state="done")
        client = browser(CENTRAL_CLERK)
        first = client.get("/sync/")
        assert [head["nominal"] for head in first.context["heads"]][-1] == date(2016, 4, 30)
        second = client.get(f"/sync/?until={first.context['earlier']}")
        assert [head["nominal"] for head in second.context["heads"]] == [
            date(2016, 1, 1),
            date(2016, 1, 16),
            date(2016, 1, 31),
        ]
        assert second.context["later"] == "2016-04-30"
        assert "“nonsense”不是日期" in client.get("/sync/?until=nonsense").content.decode()
        assert client.get("/sync/?until=nonsense").status_code == 400


def test_a_batch_shows_totals_outcomes_receipts_and_agreement_on_both_sides(world, returned):
    for node, reader, verdict in (
        ("C", CENTRAL_CLERK, "入库前 + 本批 = 入库后"),
        ("P51", "510000.finance.head", "本地合计与中央一致"),
    ):
        with world.at(node):
            batch = Batch.objects.get()
            assert batch.fen == 100_00
            words = text_of(browser(reader).get(f"/sync/batches/{batch.pk}/"))
            assert "2 ＝ 已入库 1 ＋ 重复 0 ＋ 退回 1" in words
            assert verdict in words
            assert "发展资金" in words
            assert "回执：" in words
            assert "这一行无法读取" in words


def test_a_difference_is_shown_in_records_and_yuan(world):
    batch = world.seal()
    found = {"type": "fund_document", "kind": "finance", "division": "511921", "year": 2016, "category": "development"}
    with world.at("P51"):
        rows = [found | {"ours": [3, "3000000"], "theirs": [2, "2000000"]}, {"digest": {"n": 3}, "receipt": {"n": 2}}]
        Batch.objects.filter(pk=batch.pk).update(
            state="mismatch", reconciliation={"equal": False, "differences": rows, "records": []}
        )
        client = browser("510000.finance.head")
        words = text_of(client.get(f"/sync/batches/{batch.pk}/"))
        assert "3 条，30,000.00 元 2 条，20,000.00 元" in words
        assert "再向中央询问" in words
        assert client.post(f"/sync/batches/{batch.pk}/compare/").status_code == 302
        assert browser("510000.finance.review").post(f"/sync/batches/{batch.pk}/compare/").status_code == 403


def test_many_returned_lines_hold_the_next_batch_until_somebody_says_what_was_found(world, returned):
    with world.at("P51"):
        client = browser("510000.finance.head")
        assert "下一批次等人确认" in text_of(client.get("/sync/"))
        assert client.post("/sync/resume/", {"comment": ""}).status_code == 422
        assert client.post("/sync/resume/", {"comment": "一条年度填错"}).status_code == 302
        assert "下一批次等人确认" not in text_of(client.get("/sync/"))
        refused = browser("510000.finance.review").post("/sync/resume/", {"comment": "我看过了"})
        assert refused.status_code == 403
        assert "只有省级财政向中央上报" in text_of(refused)


def test_a_key_counts_once_a_second_person_typed_its_fingerprint(world):
    digits = keys.fingerprint(PUBLIC)
    with world.at("C"):
        first, second = browser(CENTRAL_ADMIN), browser(SECOND_ADMIN)
        typed = {"code": "P52", "name": "贵州省", "division": "520000", "sends": "on"}
        assert first.post("/nodes/register/", typed).status_code == 302
        assert first.post("/nodes/register/", typed).status_code == 422
        assert first.post("/nodes/register/", typed | {"code": "P53", "division": "999999"}).status_code == 422
        typed = {"node": "P52", "key_id": "P52/2026a", "public": PUBLIC.hex(" ")}
        assert first.post("/nodes/keys/propose/", typed | {"public": "12"}).status_code == 422
        assert first.post("/nodes/keys/propose/", typed).status_code == 302
        own = text_of(first.get("/nodes/"))
        assert "这把密钥是您自己录入的" in own
        assert digits[:4] + " " + digits[4:8] not in own
        reply = {"key": "P52/2026a", "P52/2026a-fingerprint": digits}
        assert first.post("/nodes/keys/confirm/", reply).status_code == 403
        wrong = second.post("/nodes/keys/confirm/", reply | {"P52/2026a-fingerprint": "0" * 64})
        assert wrong.status_code == 422
        assert "指纹不一致" in text_of(wrong)
        assert NodeKey.objects.get(pk="P52/2026a").status == "proposed"
        spaced = " ".join(digits[n : n + 4] for n in range(0, 64, 4))
        assert second.post("/nodes/keys/confirm/", reply | {"P52/2026a-fingerprint": spaced.upper()}).status_code == 302
        key = NodeKey.objects.get(pk="P52/2026a")
        assert (key.status, key.proposed_by.name, key.confirmed_by.name) == ("active", CENTRAL_ADMIN, SECOND_ADMIN)
        assert spaced in text_of(second.get("/nodes/"))
        actions = AuditEntry.objects.filter(action__startswith="sync.node").order_by("pk")
        assert list(actions.values_list("action", flat=True)) == [
            "sync.node.register",
            "sync.node_key.propose",
            "sync.node_key.confirm",
        ]


def test_nodes_are_for_system_administrators_and_others_are_told_whom_to_ask(world):
    with world.at("C"):
        answer = browser(CENTRAL_CLERK).get("/nodes/")
        assert answer.status_code == 403
        assert "节点和密钥由本服务器的系统管理员登记" in text_of(answer)


def test_every_address_of_transmission_fits_the_table_at_the_centre_too(world, monkeypatch):
    names = [name for name in url_table.in_resolver() if name.startswith("sync:")]
    monkeypatch.setattr(url_table, "in_resolver", lambda: names)
    wrong = []
    with world.at("C"):
        for who in (None, CENTRAL_CLERK, CENTRAL_ADMIN, "000000.audit"):
            person = account(who) if who else None
            for name, row, method, path, answer in url_table.answers(person):
                if answer.status_code not in url_table.expected(row, person and person.capabilities, method):
                    wrong.append((who, method, path, answer.status_code, name))
    assert not wrong


PAGES_OF_CENTRE = ["/sync/", "/sync/batches/", "/sync/returned/"]


@pytest.mark.parametrize("page", PAGES_OF_CENTRE)
def test_pages_of_the_centre_cost_the_same_for_two_rows_and_forty(world, page):
    with world.at("C"):
        client = browser(CENTRAL_CLERK)
        few = _cost(client, page, until=2)
        assert _cost(client, page, until=40) == few


def test_nodes_cost_the_same_for_two_and_forty(world):
    with world.at("C"):
        client = browser(CENTRAL_ADMIN)
        few = _cost(client, "/nodes/", until=2)
        assert _cost(client, "/nodes/", until=40) == few


def _cost(client: Client, page: str, *, until: int) -> int:
    _fill(until)
    client.get(page)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page).status_code == 200
    return len(queries)


def _fill(until: int) -> None:
    """Nodes, each with a key, a window and a batch with a quarantined line."""
    place = Division.objects.get(code="510000", level="province")
    by = account(CENTRAL_ADMIN).person
    for n in range(Node.objects.filter(code__startswith="T").count(), until):
        node = Node.objects.create(code=f"T{n:02d}", name=f"节点{n}", division=place)
        day = date(2016, 3, 1)
        window = Window.objects.create(node=node, nominal=day, due=day, starts_at=clock.now(), state="done")
        NodeKey.objects.create(
            key_id=f"{node}/2026a", node=node, public=PUBLIC, fingerprint="0" * 64, made_at=clock.now(), proposed_by=by
        )
        batch = Batch.objects.create(
            direction="in", node=node, epoch=1, seq=1, kind="data", trigger="schedule", window=window, state="applied",
            prev="0" * 64, lines=1, returned=1, created_at=clock.now(), applied_at=clock.now(),
        )  # fmt: skip
        reasons = [{"code": "F04", "field": "amount", "message": "金额为负", "values": {}}]
        QuarantinedLine.objects.create(batch=batch, line_no=1, raw=b"{}", reasons=reasons, since=clock.now())


PAGES_OF_PROVINCE = ["/sync/returned/", "/sync/", "/sync/batches/", "batch"]


@pytest.mark.parametrize(
    "who, page",
    [
        *(("510000.finance.review", page) for page in PAGES_OF_PROVINCE),
        *(("511921.finance.entry", page) for page in PAGES_OF_PROVINCE[:2]),
    ],
)
def test_pages_of_a_province_cost_the_same_for_two_lines_and_forty(world, who, page):
    with world.at("P51"):
        client = browser(who)
        few = _cost_of_returned(client, page, range(2))
        assert _cost_of_returned(client, page, range(2, 40)) == few


def _cost_of_returned(client: Client, page: str, numbers: range) -> int:
    from tests.documents import draft

    node = Node.objects.get(pk="P51")
    batch, _made = Batch.objects.get_or_create(
        direction="out", node=node, epoch=1, seq=1,
        defaults={"kind": "data", "trigger": "manual", "state": "sending", "prev": "0" * 64,
                  "created_at": clock.now(), "applied_at": clock.now()},
    )  # fmt: skip
    for n in numbers:
        document = draft(f"通财农〔2016〕{n + 1}号", title=f"第{n + 1}次")
        LineOutcome.objects.create(
            batch=batch, line_no=n + 1, record_type="fund_document", record_uid=document.pk, rev=1,
            outcome="returned", reasons=[{"code": "F04", "field": "amount", "message": "金额为负", "values": {}}],
        )  # fmt: skip
    Batch.objects.update(returned=numbers[-1] + 1)
    page = batch.get_absolute_url() if page == "batch" else page
    client.get(page)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page).status_code == 200
    return len(queries)


def test_pages_carry_neither_inline_script_nor_style(world, returned):
    with world.at("C"):
        client, admin = browser(CENTRAL_CLERK), browser(CENTRAL_ADMIN)
        line = QuarantinedLine.objects.get()
        pages = [*PAGES_OF_CENTRE, f"/sync/batches/{returned.pk}/", f"/sync/returned/{returned.pk}/{line.line_no}/"]
        for answer in [*map(client.get, pages), admin.get("/nodes/")]:
            html = answer.content.decode()
            assert " style=" not in html
            assert not re.search(r"<script(?![^>]*(src=|application/json))", html)
            assert "'unsafe-inline'" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "data, text, is_hex",
    [
        ('{"a":"四川"}'.encode(), '{"a":"四川"}', False),
        ("a\u202eb\x00c\u2028".encode(), "a\\u202Eb\\u0000c\\u2028", False),
        ("\U000e0001".encode(), "\\U000E0001", False),
        (b"\xff\xfe<b>A", "00000000  ff fe 3c 62 3e 41                                ..<b>A", True),
        (b"", "", False),
    ],
)
def test_bytes_are_shown_without_what_acts_on_the_screen(data, text, is_hex):
    found = raw.shown(data)
    assert (found.text, found.hex, found.size, found.cut) == (text, is_hex, len(data), False)


def test_long_bytes_are_cut_between_characters():
    found = raw.shown("川".encode() * raw.MOST)
    assert (found.hex, found.cut, set(found.text)) == (False, True, {"川"})
    assert raw.shown(b"\xff" * raw.MOST).cut


def test_every_reason_has_a_remedy_in_the_readers_language():
    line = LineOutcome(record_type="fund_document")
    line.reasons = [
        {"code": "TOO_DEEP", "field": "", "message": NOT_READABLE, "values": {"depth": 9}},
        {"code": "F04", "field": "lines[0].amount", "message": "金额为负", "remedy": "改成正数", "values": {}},
        {"code": "NOT_OWNER", "field": "division", "message": "The place does not belong to the sender."},
        {"code": "X99", "message": ""},
    ]
    found = reasons_of(line)
    assert [row.field for row in found[:2]] == ["", "第 1 行　金额（万元）"]
    assert [row.message for row in found] == ["这一行无法读取。", "金额为负", "该地区不属于上报单位。", ""]
    assert found[0].values == "depth = 9"
    assert found[1].remedy == "改成正数"
    assert all(row.remedy for row in found)


@pytest.mark.django_db
def test_a_server_that_is_not_registered_yet_watches_nothing_and_says_so_on_its_pages():
    from sync.windows.watch import watch

    with override_settings(EDITION="provincial"):
        Node.objects.all().delete()
        watch()
        assert browser("510000.sysadmin").get("/nodes/").status_code == 200
        assert browser("510000.finance.head").get("/sync/").status_code == 200
