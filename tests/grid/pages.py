"""A page with the line grid and one with charts, on a server that only remembers what it is told."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.templatetags.static import static
from django.urls import include, path

from povfund.settings.security import CSRF_COOKIE_NAME

RECIPIENTS = [
    ("511900", "巴中市"),
    ("511300", "南充市"),
    ("511600", "广安市"),
    ("513200", "阿坝藏族羌族自治州"),
    ("513400", "凉山彝族自治州"),
]
CHOICES = {
    "money_level": [["central", "中央资金"], ["province", "省级资金"]],
    "payment_mode": [["treasury", "国库集中支付"], ["special_account", "专户报账"]],
    "warning_reason": [["document", "文件明确列入"], ["other", "其他"]],
}
CODES = {
    "fund_category": [
        ["development", 2000, None, True, [[2000, 2016, "发展资金"], [2017, None, "扶贫发展资金"]]],
        ["development.disabled", 2012, 2020, True, [[2012, 2020, "农村残疾人扶贫资金"]]],
        ["ethnic", 2000, None, True, [[2000, None, "少数民族发展"]]],
    ],
    "budget_item": [
        ["2130504", 2007, None, True, [[2007, None, "农村基础设施建设"]]],
        ["2130505", 2007, None, True, [[2007, None, "生产发展"]]],
        ["2130506", 2007, None, True, [[2007, None, "社会发展"]]],
    ],
}
HEADS = {"市州": "recipient", "资金类别": "fund_category", "金额": "amount", "备注": "remark", "序号": ""}
GRID_PAGE = """
{% extends "base.html" %}
{% load static %}
{% block title %}grid{% endblock %}
{% block styles %}<link rel="stylesheet" href="{% static "grid.css" %}">{% endblock %}
{% block scripts %}<script defer src="{% static "grid.js" %}"></script>{% endblock %}
{% block head %}<h1>川财农〔2016〕12号</h1>
  <span class="meta"><span class="st" data-save-state></span></span>{% endblock %}
{% block panes %}
  <form id="document-form" class="cols grow" method="post">
    <div class="pane grow">
      <div class="form-head fold">
        <div class="fld f2"><label for="t" class="req">文件名称</label>
          <input id="t" name="title" value="2016年第一批"></div>
        <div class="fld f2"><label for="s">文件总额（万元）</label>
          <input id="s" class="n" name="stated_total" value="343,234.50"></div>
        <div class="fld"><span class="lbl">已录入</span><output class="n" data-grid-total></output></div>
        <div class="fld"><span class="lbl">还差</span><output class="n" data-grid-remaining></output></div>
      </div>
      <div data-grid-fallback><table class="tbl"><tr><td><input name="form-0-amount" value="1"></td></tr></table></div>
      {% include "components/line_grid.html" %}
      <div class="foot">
        <span class="st bad" data-grid-if="errors" hidden><b><span data-grid-count="bad"></span> 处错误</b></span>
        <span class="end row-x"><button class="btn" data-grid-save>保存</button>
        <button class="btn pri" data-grid-save data-grid-then="submit" data-key="ctrl+enter">提交审核</button></span>
      </div>
    </div>
    {% include "components/line_grid_checks.html" %}
  </form>
{% endblock %}
"""

CHART_PAGE = """
{% extends "base.html" %}
{% load static %}
{% block scripts %}<script defer src="{% static "charts.js" %}"></script>{% endblock %}
{% block panes %}
  <div class="cols grow">
    <div class="pane roll">
      {% include "components/chart.html" with id="ranking" chart="bars" data=bars label="排名" %}</div>
    <div class="pane grow viz">
      <section class="mapbox"><header><h2>各市州下达</h2></header>
        {% include "components/chart.html" with id="map" chart="map" data=map label="分级图" %}
        <p class="mapno">示意图</p></section>
      <section class="brbox"><header><h2>03-01 到 03-16 怎么变的</h2></header>
        {% include "components/chart.html" with id="bridge" chart="bridge" data=bridge label="差额桥" %}</section>
    </div>
  </div>
{% endblock %}
"""
ALLOCATED = {
    "凉山彝族自治州": "1332215000.00",
    "南充市": "265650000.00",
    "达州市": "255530000.00",
    "乐山市": "229010000.00",
    "巴中市": "218460000.00",
    "广元市": "216110000.00",
    "广安市": "184700000.00",
    "宜宾市": "153500000.00",
    "甘孜藏族自治州": "151610000.00",
    "阿坝藏族羌族自治州": "148570000.00",
    "泸州市": "137860000.00",
    "绵阳市": "97570000.00",
    "内江市": "56390000.00",
    "资阳市": "54680000.00",
    "遂宁市": "51330000.00",
    "自贡市": "36050000.00",
    "眉山市": "29840000.00",
    "雅安市": "17130000.00",
    "德阳市": "17030000.00",
    "攀枝花市": "14580000.00",
    "成都市": "0.00",
}
STEPS = {
    "定向财力": "2546890000.00",
    "彝区十项": "362315000.00",
    "大小凉山": "134030000.00",
    "摩梭家园": "100000000.00",
    "周转金": "50000000.00",
    "管理费": "38740000.00",
    "林场": "20000000.00",
    "残疾人": "8000000.00",
    "农场": "6400000.00",
    "更改": "0.00",
}

told: dict[str, list[Any]] = {}
answers: dict[str, Any] = {}
rows: list[dict[str, Any]] = []


def forget() -> None:
    """Begin a test with nothing told."""
    told.clear()
    answers.clear()
    rows.clear()


def line(code: str, amount: str, **values: str) -> dict[str, Any]:
    """One line as the page hands it to the grid; `amount` in 元."""
    names = dict(RECIPIENTS)
    given = {
        "uid": f"00000000-0000-7000-8000-{len(rows):012}",
        "recipient": {"code": code, "name": names[code]},
        "money_level": "province",
        "fund_category": "development.disabled",
        "budget_item": "2130506",
        "amount": amount,
        "payment_mode": "treasury",
        "remark": "",
    }
    return given | values


def grid_page(request: HttpRequest) -> HttpResponse:
    grid = {
        "rows": rows,
        "choices": CHOICES,
        "codes": CODES,
        "heads": HEADS,
        "recipients": [{"code": code, "name": name} for code, name in RECIPIENTS],
        "divisions_url": "/api/v1/divisions/",
        "draft_url": "/grid/draft/",
        "check_url": "/grid/check/",
        "save_url": "/grid/save/",
        "csrf_cookie": CSRF_COOKIE_NAME,
        "rev": 1,
        "uid": answers.get("uid"),
        "readonly": request.GET.get("readonly") == "1",
    }
    return HttpResponse(engines["django"].from_string(GRID_PAGE).render({"grid": grid}, request))


def chart_page(request: HttpRequest) -> HttpResponse:
    rows = [{"code": name, "name": name, "value": value, "url": "/grid/"} for name, value in ALLOCATED.items()]
    steps = [{"name": name, "value": value} for name, value in STEPS.items()]
    start = {"name": "03-01", "value": "401440000.00"}
    context = {
        "bars": {"unit": "万元", "rows": rows, "selected": "巴中市"},
        "map": {
            "region": "510000",
            "geo": static("geo/510000.json"),
            "unit": "万元",
            "rows": rows,
            "selected": "巴中市",
        },
        "bridge": {"unit": "万元", "start": start, "steps": steps, "end": {"name": "03-16", "value": "3667815000.00"}},
    }
    return HttpResponse(engines["django"].from_string(CHART_PAGE).render(context, request))


def _tell(request: HttpRequest, what: str) -> Any:
    body = json.loads(request.body)
    told.setdefault(what, []).append(body)
    return body


def draft(request: HttpRequest) -> JsonResponse:
    _tell(request, "draft")
    return JsonResponse({"saved_at": "2016-03-11T02:18:00Z"})


def check(request: HttpRequest) -> JsonResponse:
    _tell(request, "check")
    return JsonResponse({"findings": answers.get("findings", [])})


def save(request: HttpRequest) -> JsonResponse:
    _tell(request, "save")
    status, body = answers.get("save", (200, {"uid": "u", "rev": 2, "redirect": ""}))
    return JsonResponse(body, status=status)


urlpatterns = [
    path("grid/", grid_page),
    path("charts/", chart_page),
    path("grid/draft/", draft),
    path("grid/check/", check),
    path("grid/save/", save),
    path("", include("povfund.urls")),
]
