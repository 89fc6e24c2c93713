"""Attachments: kinds, sizes, scope, lock, and how they are served."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from records import services
from records.life import files
from records.models import Attachment
from tests.documents import draft, province_reviewed, step, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16 + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\0" * 32 + b"\xff\xd9"


def packed(*names: str, fill: bytes = b"<a/>") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, fill)
    return file.getvalue()


def add(record, content=PDF, name="文件.pdf", by="511921.finance.entry"):
    return services.add_attachment(actor=account(by), record=record, name=name, chunks=[content])


def stored():
    return [path for path in (Path(settings.HOME) / "attachments").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("下达文件.pdf", PDF, files.PDF),
        ("扫描件.PNG", PNG, files.PNG),
        ("照片.jpeg", JPEG, files.JPEG),
        ("明细.xlsx", packed("[Content_Types].xml", "xl/workbook.xml"), files.XLSX),
        ("说明.docx", packed("[Content_Types].xml", "word/document.xml"), files.DOCX),
        ("公文.ofd", packed("OFD.xml", "Doc_0/Document.xml"), files.OFD),
    ],
)
def test_each_kind_is_told_by_its_bytes_and_stored_under_their_hash(name, content, media_type):
    attachment = add(draft(), content, name)
    assert (attachment.media_type, attachment.size, attachment.name) == (media_type, len(content), name)
    path = services.path_of(attachment)
    assert path.read_bytes() == content
    assert path.name == attachment.sha256


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.pdf", b"<html><script>alert(1)</script>"),
        ("picture.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("polyglot.pdf", PDF + packed("xl/workbook.xml")),
        ("polyglot.pdf", b"%PDF-1.7\n<script>alert(1)</script>\n%%EOF"),
        ("polyglot.xlsx", b"PK\x03\x04%PDF-1.7" + packed("xl/workbook.xml")),
        ("macros.xlsx", packed("xl/workbook.xml", "xl/vbaProject.bin")),
        ("bomb.xlsx", packed("xl/workbook.xml", fill=b"0" * 20_000_000)),
        ("broken.xlsx", packed("xl/workbook.xml")[:-8]),
        ("any.xlsx", packed("whatever.txt")),
        ("tail.png", PNG + b"more"),
        ("program.exe", b"MZ\x90\0"),
        ("renamed.pdf", PNG),
        ("nothing.pdf", b""),
    ],
)
def test_row_093_what_is_not_on_the_list_is_refused_and_leaves_no_file(name, content):
    document, before = draft(), stored()
    with pytest.raises(RuleViolation) as refusal:
        add(document, content, name)
    assert refusal.value.findings[0].remedy
    assert not Attachment.objects.exists()
    assert stored() == before


def test_more_than_sixteen_mebibytes_is_413_and_leaves_no_file():
    document, before = draft(), stored()
    with pytest.raises(services.FileTooLarge) as refusal:
        services.add_attachment(
            actor=account("511921.finance.entry"), record=document, name="a.pdf", chunks=[PDF, b"\0" * files.MAX_SIZE]
        )
    assert refusal.value.status == 413
    assert stored() == before


@pytest.mark.parametrize("name", ["../../etc/x.pdf", "C:\\temp\\CON.pdf", "长" * 300 + ".pdf"])
def test_a_name_is_only_shown_never_a_path(name):
    attachment = add(draft(), name=name)
    assert "/" not in attachment.name
    assert "\\" not in attachment.name
    assert len(attachment.name) <= 200
    assert attachment.name.endswith(".pdf")
    assert services.path_of(attachment).is_relative_to(Path(settings.HOME) / "attachments")


def test_a_name_with_a_direction_override_is_refused():
    with pytest.raises(RuleViolation):
        add(draft(), name="文件\u202efdp.exe.pdf")


def test_the_same_file_twice_is_one_attachment():
    document = draft()
    assert add(document).pk == add(document).pk


def test_two_records_share_the_bytes():
    one, two = add(draft("通财农〔2016〕1号")), add(draft("通财农〔2016〕2号"))
    assert one.pk != two.pk
    assert services.path_of(one) == services.path_of(two)


def test_attachments_change_only_while_nobody_reviews_them():
    document = draft()
    attachment = add(document)
    step(document, "submit", by="511921.finance.entry")
    for change in (
        lambda: add(document, PNG, "a.png"),
        lambda: services.remove_attachment(actor=account("511921.finance.entry"), attachment=attachment),
    ):
        with pytest.raises(Refused):
            change()


@pytest.mark.parametrize("reach", [unit_reviewed, province_reviewed])
def test_reviewed_attachments_stay(reach):
    with pytest.raises(Refused) as refusal:
        add(reach())
    assert refusal.value.verdict.article == "12"


def test_only_the_owner_attaches():
    with pytest.raises(Refused):
        add(draft(), by="511921.poverty.entry")


def test_removing_keeps_the_row_and_hides_the_file():
    attachment = add(draft())
    clerk = account("511921.finance.entry")
    services.remove_attachment(actor=clerk, attachment=attachment)
    services.remove_attachment(actor=clerk, attachment=attachment)
    assert Attachment.objects.get().removed_at
    assert services.attachment_for(clerk, attachment.pk) is None


def test_bytes_that_changed_on_disk_are_not_served():
    attachment = add(draft())
    services.path_of(attachment).write_bytes(b"%PDF-1.7 other")
    with pytest.raises(services.FileLost):
        services.path_of(attachment)


def test_row_093_a_download_is_inert(client):
    attachment = add(draft(), name="附件 1.pdf")
    client.force_login(account("511921.finance.entry"))
    answer = client.get(f"/attachments/{attachment.pk}/")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%E9%99%84%E4%BB%B6%201.pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("who", ["511922.finance.entry", "511921.poverty.entry", "510000.finance.review"])
def test_the_attachment_of_a_draft_is_not_there_for_others(client, who):
    attachment = add(draft())
    client.force_login(account(who))
    assert client.get(f"/attachments/{attachment.pk}/").status_code == 404
    assert client.get(f"/api/v1/attachments/{attachment.pk}/").status_code == 404


def test_who_sees_only_own_lines_of_a_document_from_above_does_not_see_its_attachments(client):
    document = draft(by="511900.finance.entry")
    attachment = add(document, by="511900.finance.entry")
    step(document, "submit", by="511900.finance.entry")
    step(document, "approve", by="511900.finance.review")
    county = account("511921.finance.entry")
    assert type(document).objects.visible_to(county).filter(pk=document.pk).exists()
    assert services.attachment_for(county, attachment.pk) is None
    assert services.attachment_for(account("511900.poverty.entry"), attachment.pk) == attachment


def test_the_api_adds_lists_serves_and_removes():
    document, client = draft(), Client()
    client.force_login(account("511921.finance.entry"))
    asked = {"record_type": "fund_document", "record": str(document.pk)}
    made = client.post("/api/v1/attachments/", asked | {"file": SimpleUploadedFile("a.pdf", PDF)})
    assert made.status_code == 201, made.content
    uid = made.json()["uid"]
    assert [row["uid"] for row in client.get("/api/v1/attachments/", asked).json()["results"]] == [uid]
    assert b"".join(client.get(f"/api/v1/attachments/{uid}/content/").streaming_content) == PDF
    assert client.delete(f"/api/v1/attachments/{uid}/").status_code == 204
    assert client.get(f"/api/v1/attachments/{uid}/").status_code == 404


def test_the_api_names_what_is_wrong_with_a_file():
    document, client = draft(), Client()
    client.force_login(account("511921.finance.entry"))
    asked = {"record_type": "fund_document", "record": str(document.pk)}
    answer = client.post("/api/v1/attachments/", asked | {"file": SimpleUploadedFile("a.html", b"<html>")})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["rule"] == "FILE_KIND"


def test_row_093_a_scanner_that_finds_something_refuses_the_file(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "CLAMD_SOCKETS", (tmp_path,))
    monkeypatch.setattr(files, "_ask_clamd", lambda address, path: b"stream: Eicar-Test-Signature FOUND\0")
    with pytest.raises(RuleViolation) as refusal:
        add(draft())
    assert refusal.value.findings[0].rule == "MALWARE"


def test_the_scanner_is_spoken_to_in_its_own_words(monkeypatch, tmp_path):
    import socket
    import threading

    address, heard = tmp_path / "clamd.ctl", []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(address))
        server.listen(1)

        def answer():
            connection, _peer = server.accept()
            with connection:
                data = b""
                while not data.endswith(b"\0\0\0\0"):
                    data += connection.recv(4096)
                heard.append(data)
                connection.sendall(b"stream: OK\0")

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setattr(files, "CLAMD_SOCKETS", (address,))
        assert add(draft())
        thread.join()
    assert heard[0].startswith(b"zINSTREAM\0")
    assert PDF in heard[0]
