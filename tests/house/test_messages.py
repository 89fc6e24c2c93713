"""The message compiler and the completeness of the translations."""

import gettext
import io

import pytest

from povfund.messages import HALF_WIDTH, PoError, compile_mo, parse_po, problems

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

# a comment
msgid "draft"
msgstr "草稿"

msgctxt "unit"
msgid "draft"
msgstr "起草"

msgid "%(n)s line"
msgid_plural "%(n)s lines"
msgstr[0] "%(n)s 行"

#, fuzzy
msgid "guess"
msgstr "猜"

msgid ""
"two "
"parts"
msgstr "两"
"段"
"""


@pytest.fixture
def po(tmp_path):
    path = tmp_path / "django.po"
    path.write_text(PO, "utf-8")
    return path


def test_compiled_messages_are_read_by_gettext(po):
    catalogue = gettext.GNUTranslations(io.BytesIO(compile_mo(parse_po(po))))
    assert catalogue.gettext("draft") == "草稿"
    assert catalogue.pgettext("unit", "draft") == "起草"
    assert catalogue.ngettext("%(n)s line", "%(n)s lines", 5) == "%(n)s 行"
    assert catalogue.gettext("two parts") == "两段"


def test_fuzzy_messages_are_left_out(po):
    assert gettext.GNUTranslations(io.BytesIO(compile_mo(parse_po(po)))).gettext("guess") == "guess"


def test_broken_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "django.po"
    path.write_text('msgid "a"\nmsgstr unquoted\n')
    with pytest.raises(PoError, match=r"django\.po:2"):
        parse_po(path)


def test_every_marked_string_is_translated_and_none_is_fuzzy():
    found = problems()
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["已读取,待确认", "导入:%(form)s", "%(n)s 天;应下达", "地区(市州)", "保存?"])
def test_half_width_marks_between_chinese_are_found(text):
    assert HALF_WIDTH.search(text)


@pytest.mark.parametrize("text", ["已读取，待确认", "写成 1,234.50 或 http://a.b", "%(n)s 条", "Excel 工作簿(.xlsx)"])
def test_full_width_marks_and_figures_are_let_be(text):
    assert not HALF_WIDTH.search(text)
