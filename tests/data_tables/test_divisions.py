"""The divisions of the country: complete, one tree, dated, with successors."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from accounts.choices import KEY_LENGTH
from accounts.loading import FileFault, load_divisions, read_divisions, scope_keys
from accounts.models import Division, Unit

TODAY = date(2026, 11, 23)
COUNTIES = Path(__file__).parent.parent / "data" / "poverty_counties_832.csv"


@pytest.fixture(scope="module")
def rows():
    return read_divisions()


def by_key(rows):
    return {(row["level"], row["code"]): row for row in rows}


def test_the_file_holds_every_level(rows):
    assert Counter(row["level"] for row in rows) == {"central": 1, "province": 32, "city": 383, "county": 3666}
    assert sum(not row["valid_to"] for row in rows) == 3351 + 3  # the codes of 2023, the centre, two local bodies


def test_level_and_code_are_one_key_and_the_path_too(rows):
    assert len(by_key(rows)) == len(rows)
    keys = scope_keys(rows)
    assert len(set(keys.values())) == len(rows)
    assert all(len(key) == KEY_LENGTH[level] for (level, _code), key in keys.items())


def test_only_three_cities_without_districts_stand_at_two_levels(rows):
    codes = Counter(row["code"] for row in rows)
    assert {code for code, n in codes.items() if n > 1} == {"441900", "442000", "460400"}


def test_bodies_without_a_national_code_carry_letter_and_digit(rows):
    local = {row["code"]: row["name"] for row in rows if row["local"]}
    assert local == {"B10000": "新疆生产建设兵团", "5119A1": "巴中经济开发区"}
    assert scope_keys(rows)["county", "5119A1"] == "5119A1"


def test_a_code_ends_after_it_began_and_its_successor_takes_over_without_a_gap(rows):
    known = by_key(rows)
    for row in rows:
        if row["valid_from"] and row["valid_to"]:
            assert row["valid_from"] < row["valid_to"], row
        if row["successor"]:
            heir = known[row["level"], row["successor"]]
            assert row["valid_to"], row
            assert (heir["valid_from"] or "0") <= row["valid_to"], (row, heir)


def test_successors_never_run_in_a_circle(rows):
    known = by_key(rows)
    for row in rows:
        seen = {row["code"]}
        while row["successor"]:
            assert row["successor"] not in seen
            seen.add(row["successor"])
            row = known[row["level"], row["successor"]]


def test_a_retired_code_names_its_successor_or_says_that_none_is_known(rows):
    ended = [row for row in rows if row["valid_to"]]
    assert len(ended) == 728
    assert [row["code"] for row in ended if not row["successor"] and not row["note"]] == []
    assert sum(bool(row["successor"]) for row in ended) == 706


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("542421", "540602"),  # 那曲县 → 色尼区
        ("522222", "520621"),  # 江口县, a prefecture recoded as a whole
        ("110103", "110101"),  # 崇文区, merged into 东城区
        ("522201", "520602"),  # 铜仁市, now a district of the city that took its name
        ("540530", "540581"),  # 错那县 → 错那市
    ],
)
def test_known_changes_are_found(rows, old, new):
    assert by_key(rows)["county", old]["successor"] == new


def test_832_poverty_counties_join_by_code(rows):
    with COUNTIES.open(encoding="utf-8") as file:
        counties = list(csv.DictReader(line for line in file if not line.startswith("#")))
    known = by_key(rows)
    assert len(counties) == 832
    missing = {c["division_code"]: c["county"] for c in counties if ("county", c["division_code"]) not in known}
    # Two rows of the list carry the code of their prefecture; the third is no county.
    assert missing == {"532600": "文山市", "622900": "临夏市", "632825": "大柴旦行委"}
    ended = {c["division_code"] for c in counties if known.get(("county", c["division_code"]), {}).get("valid_to")}
    assert ended == {"540530", "540422"}


@pytest.mark.django_db
def test_loading_again_changes_nothing():
    before = Division.objects.count(), Unit.objects.count()
    assert load_divisions() == (4082, 0)
    assert (Division.objects.count(), Unit.objects.count()) == before


@pytest.mark.django_db
def test_loading_mends_what_was_changed_by_hand():
    Division.objects.filter(code="511921").update(name="x", valid_to=TODAY)
    Division.objects.filter(code="371200").update(successor=Division.objects.get(code="370100"))
    load_divisions()
    county, retired = Division.objects.get(code="511921"), Division.objects.get(code="371200")
    assert (county.name, county.valid_to, retired.successor) == ("通江县", None, None)


@pytest.mark.django_db
def test_every_division_has_the_five_units_and_their_keys_are_unique():
    keys = Unit.objects.values_list("division__code", "kind")
    assert len(keys) == len(set(keys))
    assert Unit.objects.filter(division__code="511921").count() == 5
    assert Unit.objects.count() == 5 * (4082 - 3)


@pytest.mark.django_db
def test_sichuan_has_21_cities_today():
    assert Division.objects.filter(parent__code="510000").valid_on(TODAY).count() == 21


MORE = """code,level,name,parent,local
350322001001,village,某村,350322001,
350322001,township,鲤城街道,350322,
3503A1,county,北岸经济开发区,350300,1
"""


def more(folder, text):
    path = folder / "more.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.django_db
def test_a_file_of_its_own_adds_townships_villages_and_bodies_without_a_code(tmp_path):
    call_command("load_divisions", more=more(tmp_path, MORE))
    village, zone = Division.objects.get(code="350322001001"), Division.objects.get(code="3503A1")
    assert (village.scope_key, village.parent.name, village.parent.parent.name) == (
        "350322001001",
        "鲤城街道",
        "仙游县",
    )
    assert (zone.local, zone.units.count(), village.units.count(), village.parent.units.count()) == (True, 5, 0, 0)
    assert load_divisions(more(tmp_path, MORE)) == (4085, 0)
    assert load_divisions() == (4082, 0)
    assert Division.objects.filter(code="350322001").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("350322,county,改名,350300,", "第 1 行：代码 350322 已被使用。"),
        ("350322001,township,,350322,", "第 1 行（350322001）：未填或无法识别：name。"),
        ("350322001,street,甲,350322,", "第 1 行（350322001）：未填或无法识别：level。"),
        ("350322001,township,甲,350399,", "350322001 甲：上一级没有该上级区划"),
        ("350321001,township,甲,350322,", "350321001 甲：上一级没有该上级区划"),
        ("35032201,township,甲,350322,", "35032201 甲：上一级没有该上级区划"),
    ],
)
def test_a_file_with_a_wrong_row_is_not_taken_at_all(tmp_path, wrong, told):
    before = Division.objects.count()
    path = more(tmp_path, f"code,level,name,parent,local\n{wrong}\n350322002,township,乙,350322,\n")
    with override("zh-hans"), pytest.raises(CommandError, match=re.escape(told)):
        call_command("load_divisions", more=path)
    assert Division.objects.count() == before
    with pytest.raises(FileFault):
        load_divisions(tmp_path / "nowhere.csv")
