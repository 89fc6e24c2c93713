"""A. Container and encoding: rows 1–18 of the list of bad inputs."""

from __future__ import annotations

import gzip
import io
import resource
import struct
import time

import pytest
import zstandard

from povfund.common.canonical import canonical
from povfund.common.errors import RuleViolation
from povfund.common.text import clean_text
from records.choices import RecordState
from sync.choices import InState
from sync.fpb.errors import RejectedInput
from sync.fpb.frame import read_head, split_file
from sync.fpb.line import parse_line
from sync.fpb.manifest import PartInfo, encode_manifest, parse_manifest
from sync.fpb.parts import iter_lines
from sync.fpb.strict import strict_json
from sync.models import Batch, BatchPart, LineOutcome, QuarantinedLine
from sync.receiving.files import folder_of
from tests.documents import line, province_reviewed
from tests.sync.batches import a_file, a_line, a_manifest, framed, packed, signed


def code_of(call, *args):
    """The code a call refuses with; None where it does not."""
    try:
        call(*args)
    except RejectedInput as error:
        return error.code
    return None


def read_file(path, tmp_path):
    """Take a whole file apart and read every line."""
    into = tmp_path / "read"
    into.mkdir(exist_ok=True)
    manifest, _raw, _signatures, parts = split_file(path, into)
    return [parse_line(raw) for p, i in zip(parts, manifest.parts, strict=True) for raw in iter_lines(p, i)]


def spoilt_part(tmp_path, stored, **declared):
    """A part file of any bytes, and what the manifest says of it."""
    import hashlib

    path = tmp_path / "0001.part"
    path.write_bytes(stored)
    said = {"n": 1, "lines": 1, "stored": len(stored), "raw": 1, "sha256": hashlib.sha256(stored).hexdigest()}
    return path, PartInfo(**(said | declared))


@pytest.mark.parametrize("whole", [b"", b"F", b"PK\x03\x04" + b"\0" * 4000, b"FPB2\n", b"fpb1\n"])
def test_row_001_something_else_is_not_taken_for_a_batch(whole, world):
    started = time.perf_counter()
    assert code_of(read_head, io.BytesIO(whole)) == "NOT_FPB"
    assert time.perf_counter() - started < 0.01
    with world.at("P51"), world.client() as client:
        answer = client._http.post("/sync/v1/batches", content=whole)
    assert answer.status_code == 401
    assert not list((world.folder / "C").rglob("*.tmp"))


@pytest.mark.parametrize("length", [0, 2**32 - 1, 2**20 + 1, 500])
def test_row_002_a_false_length_allocates_nothing(length):
    raw = b"FPB1\n" + struct.pack(">I", length) + b"{}"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert code_of(read_head, io.BytesIO(raw)) == "BAD_FRAME"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000


def test_row_003_bytes_after_the_last_part(tmp_path):
    path = tmp_path / "b.fpb"
    path.write_bytes(a_file(tmp_path / "parts", [a_line()]) + b"\0")
    assert code_of(read_file, path, tmp_path) == "TRAILING_DATA"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b'"epoch":1', b'"epoch": 1'),
        lambda raw: raw.replace(b'"epoch":1', b'"epoch":1.0'),
        lambda raw: raw.replace(b'"to":"C"', b'"to":"\\u0043"'),
        lambda raw: raw.replace(b'"epoch":1,"fmt":"fpb/1"', b'"fmt":"fpb/1","epoch":1'),
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b"fpb/1", b"fpb\\/1"),
    ],
)
def test_row_004_a_manifest_that_is_not_canonical(change):
    raw = encode_manifest(a_manifest([]))
    assert change(raw) != raw
    assert code_of(parse_manifest, change(raw)) == "NOT_CANONICAL"


def test_row_005_a_doubled_key_never_means_the_last_one():
    raw = encode_manifest(a_manifest([])).replace(b'"epoch":1', b'"epoch":1,"epoch":2')
    assert code_of(parse_manifest, raw) == "DUP_KEY"
    assert code_of(parse_line, a_line().replace(b'"b":0', b'"b":0,"b":0')) == "DUP_KEY"
    assert code_of(parse_line, a_line().replace(b'"n":1', b'"n":1,"n":1')) == "DUP_KEY"


@pytest.mark.parametrize("raw", [b"[" * 7_000, b'{"a":' * 7_000, b"[" * 2_000_000, b'["' + b'\\"' * 900_000])
def test_row_006_deep_nesting_reaches_no_parser(raw):
    started = time.perf_counter()
    assert code_of(strict_json, raw) in ("TOO_DEEP", "BAD_SHAPE")
    assert code_of(parse_line, b'{"b":' + raw) in ("TOO_DEEP", "BAD_SHAPE")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "number",
    [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-0", b"9007199254740992", b"7" * 400, b"1.5", b"-0.0", b"1E5"],
)
def test_row_007_numbers_no_computer_agrees_on(number):
    line = a_line().replace(b'"n":1', b'"n":' + number)
    assert code_of(parse_line, line) in ("BAD_NUMBER", "NOT_CANONICAL")
    assert number in (b"-0.0", b"1E5") or code_of(parse_line, line) == "BAD_NUMBER"


BAD_TEXT = [
    b"\\u0000",
    b"\\ud800",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xef\xbb\xbf",
    b"\\b",
    b"\x7f",
    b"\xc2\x85",
]


@pytest.mark.parametrize("piece", BAD_TEXT)
def test_row_008_text_no_database_takes(piece):
    assert code_of(parse_line, a_line().replace("第一批".encode(), piece)) == "BAD_TEXT"


def test_row_008_such_a_line_is_quarantined_byte_for_byte_and_the_others_go(world):
    with world.at("P51"):
        documents = [province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次下达") for n in (1, 2)]
    batch = world.send_spoilt(lambda n, raw: raw.replace("第1次".encode(), b"\xff\xfe\\u0000"))
    assert (batch.applied, batch.returned) == (1, 1)
    with world.at("C"):
        held = QuarantinedLine.objects.get()
        assert b"\xff\xfe\\u0000" in bytes(held.raw)
        assert held.reasons[0]["code"] == "BAD_TEXT"
    with world.at("P51"):
        states = {document.title: type(document).objects.get(pk=document.pk).state for document in documents}
        assert states == {"第1次下达": RecordState.RETURNED, "第2次下达": RecordState.ACKNOWLEDGED}


@pytest.mark.parametrize("text", ["e\u0301", "张\u200b三", "\u202e123", "\ufeff", "\u2066x"])
def test_row_009_hidden_and_decomposed_text(text):
    assert code_of(parse_line, a_line({"title": text})) == "BAD_TEXT"


def test_row_009_the_entry_form_normalises_or_says_so():
    assert clean_text("e\u0301") == "\u00e9"
    with pytest.raises(RuleViolation):
        clean_text("张\u200b三")


@pytest.mark.parametrize("name", ["𠮷野家", "阿卜杜拉·买买提", "㐀𪚥", "玛丽亚" * 12, "འབྲས་སྤུངས"])
def test_row_010_rare_han_and_long_names_pass(name):
    assert parse_line(a_line({"title": name})).c == msgspec_raw({"title": name})


def msgspec_raw(content):
    import msgspec

    return msgspec.Raw(canonical(content))


def test_row_010_they_travel_to_the_centre_unchanged(world):
    title = "𠮷里村 阿卜杜拉·买买提 道路项目"
    with world.at("P51"):
        province_reviewed(title=title)
    assert world.send().applied == 1
    with world.at("C"):
        from funds.models import FundDocument

        assert FundDocument.objects.get().title == title
        assert FundDocument.objects.search("𠮷里").exists()


def test_row_011_a_part_that_swells_is_stopped(tmp_path):
    stored = zstandard.ZstdCompressor().compress(b"\n" * 300 * 2**20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path, info = spoilt_part(tmp_path, stored, raw=1000, lines=1000)
    assert code_of(list, iter_lines(path, info)) == "BOMB"
    lying = bytearray(zstandard.ZstdCompressor().compress(b"\n" * 60_000))
    at = bytes(lying).index(struct.pack("<H", 60_000 - 256))
    lying[at : at + 2] = struct.pack("<H", 1000 - 256)
    path, info = spoilt_part(tmp_path, bytes(lying), raw=1000, lines=1000)
    assert code_of(list, iter_lines(path, info)) in ("BAD_GZIP", "BOMB")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_row_011_the_manifest_may_not_announce_one():
    part = PartInfo(n=1, lines=1, stored=100, raw=20_001, sha256="0" * 64)
    assert code_of(parse_manifest, encode_manifest(a_manifest([part]))) == "BOMB"


def test_row_012_one_complete_frame_and_nothing_else(tmp_path):
    good = zstandard.ZstdCompressor().compress(b"one line\n")
    unsized = zstandard.ZstdCompressor(write_content_size=False).compress(b"one line\n")
    for stored in (good + good, good + b"x", good[:-1], gzip.compress(b"one line\n"), b"\0", unsized):
        path, info = spoilt_part(tmp_path, stored, raw=9)
        assert code_of(list, iter_lines(path, info)) == "BAD_GZIP"


@pytest.mark.parametrize("declared", [{"lines": 2}, {"raw": 8}, {"raw": 10}])
def test_row_013_a_part_other_than_declared(tmp_path, declared):
    stored = zstandard.ZstdCompressor().compress(b"one line\n")
    path, info = spoilt_part(tmp_path, stored, **({"raw": 9} | declared))
    assert code_of(list, iter_lines(path, info)) in ("COUNT_MISMATCH", "CORRUPT", "BOMB")


def test_row_013_bytes_spoilt_at_the_centre_are_asked_for_again(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.deliver(batch)
    with world.at("C"):
        (part,) = folder_of(Batch.objects.get()).glob("*.part")
        part.write_bytes(part.read_bytes()[:-1] + b"\0")
    world.ingest()
    with world.at("C"):
        assert Batch.objects.get().state == InState.CORRUPT
    world.deliver(batch)
    world.ingest()
    assert world.fetch(batch).state == "applied"


def test_row_014_a_flipped_bit_is_refused_and_the_part_sent_alone_again(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.spoil = {("PUT", "/parts/"): lambda body: body[:-1] + bytes([body[-1] ^ 1])}
    with pytest.raises(Exception, match=r"CORRUPT|digest|UNAUTH"):
        world.deliver(batch)
    with world.at("C"):
        assert BatchPart.objects.get().received_at is None
        assert not list(folder_of(Batch.objects.get()).glob("*"))
    world.deliver(batch)
    world.ingest()
    assert world.fetch(batch).state == "applied"


def test_row_015_a_million_empty_lines_and_one_endless_line(tmp_path):
    for raw in (b"\n" * 2**20, b"x" * (15 * 2**20) + b"\n"):
        stored = zstandard.ZstdCompressor().compress(raw)
        path, info = spoilt_part(tmp_path, stored, raw=len(raw), lines=min(5_000, raw.count(b"\n")))
        assert code_of(list, iter_lines(path, info)) in ("COUNT_MISMATCH", "LINE_TOO_LONG")
    part = PartInfo(n=1, lines=1, stored=2**24, raw=2**24, sha256="0" * 64)
    many = a_manifest([*(PartInfo(n=n, lines=1, stored=2**24, raw=2**24, sha256="0" * 64) for n in range(1, 66))])
    assert code_of(parse_manifest, encode_manifest(many)) == "TOO_LARGE"
    full = [PartInfo(n=n, lines=5_000, stored=2**20, raw=2**20, sha256="0" * 64) for n in range(1, 14)]
    assert code_of(parse_manifest, encode_manifest(a_manifest(full))) == "TOO_LARGE"
    huge = encode_manifest(a_manifest([part])).replace(b'"raw":16777216', b'"raw":1073741824')
    assert code_of(parse_manifest, huge) == "BAD_SHAPE"


def test_row_016_a_part_nobody_announced(world):
    import hashlib

    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.announce(batch)
    body = b"something else"
    sha256 = hashlib.sha256(body).hexdigest()
    answer = world.call("PUT", f"/sync/v1/batches/{batch.uid}/parts/{sha256}", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "UNLISTED_PART")
    with world.at("C"):
        assert not folder_of(Batch.objects.get()).exists()


def test_row_017_two_parts_alike_are_stored_once_and_counted_twice(tmp_path):
    line = a_line()
    packer = packed(tmp_path, [line])
    info = packer.infos[0]
    twin = PartInfo(n=2, lines=1, stored=info.stored, raw=info.raw, sha256=info.sha256)
    manifest = parse_manifest(encode_manifest(a_manifest([info, twin])))
    assert manifest.lines == 2
    body = packer.paths[0].read_bytes()
    path = tmp_path / "b.fpb"
    raw = encode_manifest(manifest)
    path.write_bytes(framed(raw, signed(raw), body + body))
    assert len(read_file(path, tmp_path)) == 2


@pytest.mark.parametrize(("kind", "lines"), [("data", 0), ("empty", 1)])
def test_row_018_kind_and_lines_contradict(tmp_path, kind, lines):
    infos = packed(tmp_path, [a_line()] * lines).infos
    assert code_of(parse_manifest, encode_manifest(a_manifest(infos, kind=kind))) == "KIND_MISMATCH"


def test_every_line_of_a_mixed_batch_has_one_outcome(world):
    with world.at("P51"):
        for n in range(3):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n + 1}.01")])
    batch = world.send_spoilt(lambda n, raw: raw[:-1] if n == 1 else raw)
    assert batch.lines == batch.applied + batch.duplicate + batch.returned == 3
    with world.at("P51"):
        assert LineOutcome.objects.filter(outcome="returned").count() == 1
