"""The frame of every page: what is in it for whom, refusals, weight, policy."""

import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from povfund.common.errors import Finding, StaleEdit
from povfund.common.verdict import ALLOWED, denied
from povfund.refusals import form_expired, not_now
from povfund.settings.env import BASE_DIR
from tests.people import auditor, county_clerk, county_reviewer, system_admin

BACKEND = "accounts.backends.AccountBackend"
TEMPLATES = sorted((BASE_DIR / "templates").rglob("*.html"))
LIMIT = 300 * 1024


def draw(source, **context):
    return Template("{% load povfund_tags i18n %}" + source).render(Context(context))


def rail_of(client, person):
    client.force_login(person, backend=BACKEND)
    page = client.get("/password/").content.decode()
    return re.findall(r"</svg><span>([^<]+)</span>", page.split('<header class="top">')[0])


@pytest.mark.django_db
def test_the_rail_shows_what_the_duties_open(client):
    assert {"工作", "录入", "汇总"} <= set(rail_of(client, county_clerk()))
    assert "审核" not in rail_of(client, county_clerk())
    assert "审核" in rail_of(client, county_reviewer())
    assert "管理" in rail_of(client, auditor())
    assert "录入" not in rail_of(client, system_admin())


@pytest.mark.django_db
def test_the_top_bar_says_where_who_and_when(client):
    client.force_login(county_clerk(), backend=BACKEND)
    page = client.get("/password/").content.decode()
    assert "四川省 › 巴中市 › 通江县" in page
    assert "财政局" in page
    assert re.search(r"上报 <b>", page)


@pytest.mark.django_db
def test_a_page_that_is_not_there_says_so_in_the_frame(client):
    client.force_login(county_clerk(), backend=BACKEND)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "不在您能看到的范围" in answer.content.decode()
    assert 'class="rail"' in answer.content.decode()


@pytest.mark.django_db
def test_the_address_of_a_step_opened_as_a_page_says_that_nothing_was_done(client):
    client.force_login(county_clerk(), backend=BACKEND)
    answer = client.get("/funds/documents/save/")
    page = answer.content.decode()
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "什么都没有做" in page
    assert 'class="rail"' in page
    assert client.put("/api/v1/fund-documents/").headers["Content-Type"].startswith("application/json")


@pytest.mark.django_db
def test_a_refusal_names_reason_article_and_whom_to_ask(client):
    client.force_login(system_admin(), backend=BACKEND)
    answer = client.get("/administration/audit/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert all(word in page for word in ("为什么", "依据", "谁能批准"))


@pytest.mark.django_db
def test_a_stale_form_shows_the_other_change():
    changes = [{"field": "title", "theirs": "A", "yours": "<b>", "by": "钱芳", "at": "2016-03-11T10:20:00+08:00"}]
    error = StaleEdit(Finding("STALE", "别人刚改过"), rev=3, changes=changes)
    answer = not_now(RequestFactory().get("/"), error, back="/x/")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "钱芳" in page
    assert "03-11 10:20" in page
    assert "&lt;b&gt;" in page


@pytest.mark.django_db
def test_a_form_of_another_site_is_refused_with_a_way_on():
    answer = form_expired(RequestFactory().post("/"), reason="x")
    assert answer.status_code == 403
    assert "请后退" in answer.content.decode()


@pytest.mark.django_db
def test_the_language_can_be_switched_on_every_page(client):
    client.post("/i18n/setlang/", {"language": "en", "next": "/login/"})
    page = client.get("/login/").content.decode()
    assert '<html lang="en"' in page
    assert "Sign in" in page


def test_an_empty_bar_is_not_drawn():
    assert draw('{% bar "div.head" %}  {% endbar %}') == ""
    assert draw('{% bar "nav.sub.x" %}a{% endbar %}') == '<nav class="sub x">a</nav>'


def test_an_allowed_verdict_draws_nothing_and_a_denied_one_says_everything():
    source = '{% include "components/verdict.html" with title="不能审核" %}'
    assert draw(source, verdict=ALLOWED).strip() == ""
    shown = draw(source, verdict=denied("您是录入人", article="12", ask_whom="赵国栋"))
    assert all(word in shown for word in ("不能审核", "您是录入人", "12", "赵国栋"))


@pytest.mark.parametrize("path", TEMPLATES, ids=[str(path.relative_to(BASE_DIR)) for path in TEMPLATES])
def test_templates_hold_no_style_or_script_of_their_own(path: Path):
    source = path.read_text("utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", source)
    for attributes in re.findall(r"<script\b([^>]*)>", source):
        assert "src=" in attributes


@pytest.mark.django_db
@pytest.mark.skipif(not (BASE_DIR / "frontend/dist/app.css").exists(), reason="assets are not built: `make assets`")
def test_the_sign_in_page_is_light(client):
    page = client.get("/login/").content
    files = re.findall(r'(?:href|src)="/static/([^"#]+)', page.decode())
    assert "app.css" in files
    weight = sum((BASE_DIR / "frontend/dist" / f"{name}.gz").stat().st_size for name in files if "htmx" not in name)
    assert weight + len(page) < LIMIT


def test_web_addresses_of_a_text_are_links_and_nothing_else_is():
    text = "通知 https://www.gov.cn/zhengceku/a_1.htm。另 http://x.cn/b?c=1&d=<i>, javascript:alert(1)"
    page = draw("{{ text|linked }}", text=text)
    assert re.findall('href="([^"]*)"', page) == ["https://www.gov.cn/zhengceku/a_1.htm", "http://x.cn/b?c=1&amp;d="]
    assert page.count("noopener") == 2
    assert "<i>" not in page
