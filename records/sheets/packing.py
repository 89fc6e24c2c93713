"""A package with some parts changed: the others are copied as they are packed, neither unpacked nor packed again."""

from __future__ import annotations

import copy
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

LOCAL_HEAD = 30
"""Bytes before the name in a member's own head; the last four are the lengths of name and extra field."""
BLOCK = 1024 * 1024
_BEHIND_THE_BYTES = 0x08
"""Flag: size and sum of a member stand behind its bytes. In a copy they stand in its head."""


def repack(source: Path, target: Path, parts: Mapping[str, bytes]) -> None:
    """
    Write the package `source` to `target` with these parts in place of its own, or added at its end.

    `source` has passed the pre-check or was written here; it may be the target. The target appears whole or not
    at all.
    """
    draft = target.with_suffix(".packed")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        names = {member.filename for member in old.infolist()}
        for member in old.infolist():
            if member.filename in parts:
                new.writestr(member.filename, parts[member.filename])
            else:
                _copy(old, new, member)
        for name, content in parts.items():
            if name not in names:
                new.writestr(name, content)
    draft.replace(target)


def _copy(old: zipfile.ZipFile, new: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    source, target = old.fp, new.fp
    if source is None or target is None:
        raise ValueError("closed package")
    source.seek(member.header_offset)
    name, extra = struct.unpack_from("<HH", source.read(LOCAL_HEAD), LOCAL_HEAD - 4)
    source.seek(name + extra, 1)
    written = copy.copy(member)
    written.header_offset = new.start_dir
    written.flag_bits &= ~_BEHIND_THE_BYTES
    target.seek(new.start_dir)
    target.write(written.FileHeader())
    left = member.compress_size
    while left and (block := source.read(min(left, BLOCK))):
        target.write(block)
        left -= len(block)
    new.start_dir = target.tell()
    new.filelist.append(written)
    new.NameToInfo[written.filename] = written
