"""The figures in docs/rules are those of the code."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from povfund.common.canonical import CONTENT_SCHEMA, canonical, content_hash
from sync.changes.proposals import root_of
from sync.choices import ChangeState, ClosedFor, InState, OutState, Seat, WindowState
from sync.fpb import merkle
from sync.fpb.manifest import Manifest
from sync.models import ChangeItem
from sync.windows.schedule import starts_at

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "docs" / "rules"
UID = "01983000-0000-7000-8000-000000000001"


def test_the_example_of_the_content_hash_holds():
    page = (RULES / "content-hash.md").read_text("utf-8")
    (content,) = re.findall(r'^    (\{"budget_year.*\})$', page, re.MULTILINE)
    first, second = re.findall(r"^    ([0-9a-f]{64})$", page, re.MULTILINE)
    value = json.loads(content)
    assert canonical(value).decode() == content
    assert f"{len(content.encode())} bytes" in page
    assert content_hash("fund_document", UID, content.encode()) == first
    value["lines"][0]["amount"] = "34080000.10"
    assert content_hash("fund_document", UID, canonical(value)) == second
    assert f"`{CONTENT_SCHEMA}`" in page


def test_the_recipe_without_this_project_gives_the_same_hash():
    page = (RULES / "content-hash.md").read_text("utf-8")
    (content,) = re.findall(r'^    (\{"budget_year.*\})$', page, re.MULTILINE)
    recipe = page[page.index("    import hashlib") :]
    lines = [line.strip() for line in recipe.splitlines() if line.strip()]
    lines[-1] = f"found = {lines[-1]}"
    names = {"value": json.loads(content), "uid": UID}
    exec("\n".join(lines), names)
    assert names["found"] == content_hash("fund_document", UID, content.encode())


def test_the_example_of_the_merkle_root_holds():
    leaves = [hashlib.sha256(f"part {n}".encode()).digest() for n in (1, 2, 3)]
    assert merkle.root(leaves) in (RULES / "transmission.md").read_text("utf-8")


def test_the_example_of_a_change_order_holds():
    page = (RULES / "change-orders.md").read_text("utf-8")
    (leaf,) = re.findall(r'^    (\["01983000.*\])$', page, re.MULTILINE)
    assert canonical(json.loads(leaf)).decode() == leaf
    uid, base_rev, base_hash, new_hash = json.loads(leaf)
    item = ChangeItem(n=1, record_uid=uid, base_rev=base_rev, base_hash=base_hash, new_hash=new_hash)
    assert f"    {root_of([item])}\n" in page


def test_every_seat_state_and_end_of_an_order_is_described():
    page = (RULES / "change-orders.md").read_text("utf-8")
    course = (ROOT / "docs" / "workflows" / "change-order.md").read_text("utf-8")
    assert [seat for seat in Seat.values if seat not in page] == []
    assert [why for why in ClosedFor.values if f"`{why}`" not in page] == []
    assert [state for state in ChangeState.values if state not in course] == []


def test_every_field_of_the_manifest_is_described():
    page = (RULES / "transmission.md").read_text("utf-8")
    fields = {
        name for name in Manifest.__struct_encode_fields__ if name not in ("attachments", "chain_from_standalone")
    }
    described = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"^\| `([a-z_, ]+)` \|", page, re.MULTILINE))))
    assert fields <= described


def test_the_readme_names_every_state_and_every_module():
    page = (ROOT / "sync" / "README.md").read_text("utf-8")
    for states in (OutState, InState, WindowState):
        assert [state for state in states.values if state not in page] == []
    parts = [path for path in (ROOT / "sync").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    usual = {"__init__.py", "apps.py", "urls.py", "choices.py", "forms.py", "filters.py", "models", "views", "api",
             "migrations", "management", "permissions.py"}  # fmt: skip
    assert [path.name for path in parts if path.name not in usual and path.name not in page] == []


def test_the_minutes_of_a_node_are_as_documented():
    from datetime import date

    assert starts_at("P51", date(2026, 12, 1)).minute == 18
