"""What the documentation points at is there; every app folder explains itself; the manual says what the pages say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from povfund.messages import parse_po

ROOT = Path(settings.BASE_DIR)
SKIPPED = {"var", "node_modules", ".venv", ".build-venv", ".git", "dist", "staticfiles", ".hypothesis"}


def texts(pattern):
    return sorted(path for path in ROOT.rglob(pattern) if not SKIPPED & set(path.relative_to(ROOT).parts))


PAGES = [str(path.relative_to(ROOT)) for path in texts("*.md")]


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t.split("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    missing = [target for target in targets if target and not (ROOT / page).parent.joinpath(target).exists()]
    assert missing == []


def test_pages_of_docs_named_in_text_and_code_exist():
    named = {
        found
        for path in [*texts("*.md"), *texts("*.py")]
        for found in re.findall(r"\bdocs/[\w./-]+\.(?:md|py|yaml)\b", path.read_text(encoding="utf-8"))
    }
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_app_folder_has_a_readme():
    folders = sorted(path.parent for path in ROOT.glob("*/apps.py"))
    assert [folder.name for folder in folders if not (folder / "README.md").exists()] == []


def test_buttons_and_lists_the_manual_names_are_called_so_on_the_pages():
    known = "\n".join(
        text for path in texts("django.po") for entry in parse_po(path) for text in entry.texts.values()
    ).replace(" ", "")
    manual = (ROOT / "docs" / "manual.zh.md").read_text(encoding="utf-8")
    names = [
        "我的工作", "录入资金下达", "怎么算的", "还差", "审核", "通过所选", "上报", "立即上报", "放行下一批次", "汇总",
        "资金下达", "留本级", "数据状态", "截至", "对比", "用我的保存", "本单位已审", "已收讫", "已封存",
    ]  # fmt: skip
    assert [name for name in names if name not in manual or name.replace(" ", "") not in known] == []
