"""What kind of file this is, by its bytes and never by its name; and the scan for malware."""

from __future__ import annotations

import socket
import struct
import zipfile
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding, RuleViolation

MAX_SIZE = 16 * 1024 * 1024
MAX_UNPACKED, MAX_MEMBERS, MAX_RATIO = 100 * 1024 * 1024, 2_000, 200

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
OOXML = "application/vnd.openxmlformats-officedocument"
XLSX, DOCX, OFD = f"{OOXML}.spreadsheetml.sheet", f"{OOXML}.wordprocessingml.document", "application/ofd"

SUFFIXES = {
    PDF: (".pdf",),
    PNG: (".png",),
    JPEG: (".jpg", ".jpeg"),
    XLSX: (".xlsx",),
    DOCX: (".docx",),
    OFD: (".ofd",),
}
"""Kinds of attachment that are taken, with the endings a name may have."""

PACKED = {"xl/workbook.xml": XLSX, "word/document.xml": DOCX, "OFD.xml": OFD}
ZIP_HEAD, ZIP_END = b"PK\x03\x04", b"PK\x05\x06"
PNG_END = b"IEND\xaeB`\x82"
ACTIVE = (b"<script", b"<html", b"<svg", b"<!doctype")

CLAMD_SOCKETS = (Path("/run/clamav/clamd.ctl"), Path("/run/clamav/clamd.sock"), Path("/run/clamd.scan/clamd.sock"))


def media_type_of(path: Path, *, name: str) -> str:
    """
    The kind of a stored file. Raises RuleViolation FILE_KIND for anything not in `SUFFIXES`.

    Refused too: a file of two kinds at once (a PDF or picture that is a ZIP as well), active text
    in its head, workbooks with macros, packed bombs, and a name that claims another kind.
    """
    head, tail = _ends(path)
    if head.startswith(ZIP_HEAD) and b"%PDF-" not in head:
        kind = _packed_kind(path)
    else:
        kind = _plain_kind(head, tail)
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES[kind]:
        raise _refusal(
            _("The name ends in “%(suffix)s”, but the content is %(kind)s.")
            % {"suffix": suffix, "kind": SUFFIXES[kind][0][1:].upper()}
        )
    return kind


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(1024)
        file.seek(max(0, path.stat().st_size - 66_000))
        return head, file.read()


def _plain_kind(head: bytes, tail: bytes) -> str:
    if any(mark in head.lower() for mark in ACTIVE) or ZIP_END in tail:
        raise _refusal(_("The file is of two kinds at once, or holds active content."))
    if head.startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n") and tail.endswith(PNG_END):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    raise _refusal(_("This kind of file is not taken."))


def _packed_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, EOFError):
        raise _refusal(_("The packed file is damaged.")) from None
    unpacked, stored = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(stored, 1):
        raise _refusal(_("The packed file unpacks to far more than it should."))
    names = {member.filename for member in members}
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise _refusal(_("The file holds macros."))
    for mark, kind in PACKED.items():
        if mark in names:
            return kind
    raise _refusal(_("This kind of file is not taken."))


def _refusal(message: object) -> RuleViolation:
    remedy = _("Attach PDF, PNG, JPG, XLSX, DOCX or OFD; save the file anew from the program that made it.")
    return RuleViolation(Finding("FILE_KIND", message, field="file", remedy=remedy))  # type: ignore[arg-type]


def scan(path: Path) -> None:
    """Ask clamd, where this machine runs one. Raises RuleViolation MALWARE; a broken scanner refuses as well."""
    address = next((socket_path for socket_path in CLAMD_SOCKETS if socket_path.exists()), None)
    if address is None:
        return
    try:
        answer = _ask_clamd(address, path)
    except OSError:
        answer = b"no answer"
    if not answer.rstrip(b"\0\n").endswith(b"OK"):
        raise RuleViolation(
            Finding(
                "MALWARE",
                _("The scanner refused the file: %(answer)s.") % {"answer": answer.decode("utf-8", "replace")[:120]},
                field="file",
                remedy=_("Do not open it; tell the system administrator."),
            )
        )


def _ask_clamd(address: Path, path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as clamd, path.open("rb") as file:
        clamd.settimeout(30)
        clamd.connect(str(address))
        clamd.sendall(b"zINSTREAM\0")
        while chunk := file.read(65_536):
            clamd.sendall(struct.pack(">I", len(chunk)) + chunk)
        clamd.sendall(struct.pack(">I", 0))
        return clamd.recv(4096)
