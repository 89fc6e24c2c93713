"""Loading the dated code tables of funds, repeatably."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.models import Division
from funds.models import BudgetItem, FundCategory

FOLDER = Path(__file__).parent / "data"
VERSION = "2026.01"


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a file in `funds/data`; lines beginning with `#` name the sources."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@transaction.atomic
def load_codes() -> tuple[int, int]:
    """代码表装载 — budget items and fund categories; safe to repeat. Returns how many of each."""
    items, categories = _by_code("budget_items.csv"), _by_code("fund_categories.csv")
    BudgetItem.objects.bulk_create(
        [BudgetItem(**_dated(code, rows), in_scope=rows[0]["in_scope"] == "1") for code, rows in items.items()],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["from_year", "to_year", "names", "version", "in_scope"],
    )
    provinces = dict(Division.objects.filter(level="province").values_list("code", "pk"))
    for national in (True, False):
        parents = dict(FundCategory.objects.values_list("code", "pk"))
        FundCategory.objects.bulk_create(
            [
                FundCategory(
                    **_dated(code, rows),
                    parent_id=parents.get(rows[0]["parent"]),
                    province_id=provinces.get(rows[0]["province"]),
                    managing_kind=rows[0]["managing_kind"],
                )
                for code, rows in categories.items()
                if (not rows[0]["parent"]) is national
            ],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["from_year", "to_year", "names", "version", "parent", "province", "managing_kind"],
        )
    return len(items), len(categories)


def _by_code(name: str) -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in read_table(name):
        rows[row["code"]].append(row)
    return rows


def _year(text: str) -> int | None:
    return int(text) if text else None


def _dated(code: str, rows: list[dict[str, str]]) -> dict[str, Any]:
    """Validity over all names of a code, and the names with their years."""
    return {
        "code": code,
        "from_year": _year(rows[0]["from_year"]),
        "to_year": _year(rows[-1]["to_year"]),
        "names": [{"from": _year(r["from_year"]), "to": _year(r["to_year"]), "name": r["name"]} for r in rows],
        "version": VERSION,
    }
