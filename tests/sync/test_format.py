"""FPB1: what is written is read back, and nothing else is."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings, strategies as st

from povfund.common.canonical import canonical
from sync import keys
from sync.fpb import merkle
from sync.fpb.errors import RejectedInput
from sync.fpb.frame import parse_signatures, split_file
from sync.fpb.line import known_line, parse_line
from sync.fpb.manifest import SIGNED_AS, encode_manifest, parse_manifest, version_of
from sync.fpb.parts import iter_lines
from sync.fpb.strict import _slow_json, strict_json
from tests.sync.batches import a_file, a_line, a_manifest, node_key, packed, signed

SAFE = st.characters(
    blacklist_categories=["Cs", "Cc", "Cf", "Cn", "Co"], blacklist_characters="\u2060\ufeff", max_codepoint=0x2FFFF
)
TEXT = st.text(SAFE, max_size=30).map(lambda text: unicodedata.normalize("NFC", text))
KEYS = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
CONTENTS = st.dictionaries(
    KEYS, LEAVES | st.lists(st.dictionaries(KEYS, LEAVES, max_size=3), max_size=3), min_size=1, max_size=6
)


def read_whole(path: Path, into: Path) -> list[bytes]:
    """What a receiver does with a file: take apart, check the signature, unpack, parse every line."""
    into.mkdir(exist_ok=True)
    manifest, raw, signatures, parts = split_file(path, into)
    (signature,) = parse_signatures(signatures)
    if (signature.alg, signature.key) != ("ed25519", "P51/2026a"):
        raise RejectedInput("WRONG_KEY")
    try:
        data = bytes.fromhex(signature.sig)
    except ValueError:
        raise RejectedInput("WRONG_KEY") from None
    if not keys.verify(key=node_key(), data=SIGNED_AS + raw, signature=data):
        raise RejectedInput("WRONG_KEY")
    lines = [line for part, info in zip(parts, manifest.parts, strict=True) for line in iter_lines(part, info)]
    for line in lines:
        parse_line(line)
    return lines


def parse_code(parse, raw: bytes) -> str:
    """What came of it: OK, or the code of the refusal."""
    try:
        parse(raw)
    except RejectedInput as error:
        return error.code
    return "OK"


@given(CONTENTS)
def test_canonical_bytes_are_those_of_rfc_8785(content):
    raw = canonical(content)
    assert raw == rfc8785.dumps(content)
    assert raw == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(CONTENTS)
def test_what_was_encoded_is_decoded_alike_fast_and_slow(content):
    raw = canonical(content)
    assert strict_json(raw) == _slow_json(raw, raw.decode()) == content
    line = a_line(content)
    parsed = parse_line(line)
    assert bytes(parsed.c) == raw
    assert known_line(line) == parsed


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode) | CONTENTS.map(canonical).map(lambda b: b[:-1]))
def test_any_bytes_are_read_or_refused_with_a_code(raw):
    for parse in (strict_json, parse_line, parse_manifest, parse_signatures):
        assert parse_code(parse, raw).isupper()


@settings(max_examples=30, deadline=None)
@given(st.lists(CONTENTS, max_size=4))
def test_a_batch_is_read_back_line_for_line(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("batch")
    lines = [a_line(content) for content in contents]
    (folder / "b.fpb").write_bytes(a_file(folder / "parts", lines))
    assert read_whole(folder / "b.fpb", folder / "read") == lines


def test_every_single_bit_of_a_signed_batch_matters(tmp_path):
    whole = a_file(tmp_path / "parts", [a_line()])
    path, into = tmp_path / "b.fpb", tmp_path / "read"
    path.write_bytes(whole)
    good = read_whole(path, into)
    taken = []
    for at in range(len(whole)):
        for bit in range(8):
            spoilt = bytearray(whole)
            spoilt[at] ^= 1 << bit
            path.write_bytes(spoilt)
            try:
                lines = read_whole(path, into)
            except RejectedInput:
                continue
            taken.append((at, bit, lines == good))
    assert not taken


def test_lost_repeated_and_exchanged_bytes_are_refused(tmp_path):
    whole = a_file(tmp_path / "parts", [a_line(), a_line(rev=2)])
    path = tmp_path / "b.fpb"
    half = len(whole) // 2
    for spoilt in (whole[:-1], whole[:half], whole[half:], whole + b"\0", whole + whole, whole[1:]):
        path.write_bytes(spoilt)
        with pytest.raises(RejectedInput):
            read_whole(path, tmp_path / "read")


def test_parts_are_cut_by_lines_and_by_size(tmp_path):
    packer = packed(tmp_path, [b"x" * 10] * 5_001 + [b"y" * 5_000_000] * 2)
    assert [info.lines for info in packer.infos] == [5_000, 2, 1]
    assert all(info.raw <= 16 * 2**20 for info in packer.infos)
    assert sum(len(list(iter_lines(p, i))) for p, i in zip(packer.paths[:1], packer.infos, strict=False)) == 5_000


def test_the_root_is_that_of_rfc_9162():
    def leaf(data: bytes) -> bytes:
        return hashlib.sha256(b"\0" + data).digest()

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\1" + left + right).digest()

    a, b, c = (leaf(x) for x in (b"a", b"b", b"c"))
    assert merkle.root([]) == hashlib.sha256(b"").hexdigest()
    assert merkle.root([b"a"]) == a.hex()
    assert merkle.root([b"a", b"b", b"c"]) == node(node(a, b), c).hex()
    assert merkle.root([b"a", b"b", b"c", b"d", b"e"]) == node(node(node(a, b), node(c, leaf(b"d"))), leaf(b"e")).hex()


def test_a_manifest_is_read_back(tmp_path):
    manifest = a_manifest(packed(tmp_path, [a_line()]).infos)
    assert parse_manifest(encode_manifest(manifest)) == manifest
    assert b'"from":"P51"' in encode_manifest(manifest)


def test_a_signature_over_something_else_is_none_over_the_manifest(tmp_path):
    raw = encode_manifest(a_manifest([]))
    (row,) = parse_signatures(signed(raw, prefix=b"FPB1-RECEIPT\0"))
    assert not keys.verify(key=node_key(), data=SIGNED_AS + raw, signature=bytes.fromhex(row.sig))


def test_versions_of_contents_are_compared_as_numbers():
    assert version_of("2026.10") > version_of("2026.9") > version_of("2025.12")
    for schema in ("2026", "2026.x", "26.1", "2026.1.2", "２０２６.1"):
        assert parse_code(parse_manifest, encode_manifest(a_manifest([], schema=schema))) == "BAD_SHAPE"
