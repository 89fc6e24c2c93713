"""Parts: up to 5,000 lines, one zstd frame each, read as a stream that stops at the declared size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import zstandard

from povfund.common.limits import MAX_LINE, MAX_PART_LINES, MAX_PART_RAW, TARGET_RAW
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import PartInfo

WINDOW = 8 * 2**20
LEVEL = 3


def pack_part(n: int, lines: list[bytes], path: Path) -> PartInfo:
    """Write one part durably enough for its batch (the caller syncs the folder)."""
    raw = b"\n".join(lines) + b"\n"
    params = zstandard.ZstdCompressionParameters.from_level(LEVEL, window_log=23)
    stored = zstandard.ZstdCompressor(compression_params=params).compress(raw)
    path.write_bytes(stored)
    return PartInfo(n=n, lines=len(lines), stored=len(stored), raw=len(raw), sha256=hashlib.sha256(stored).hexdigest())


class PartPacker:
    """Collects lines and writes a part whenever one is full."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.infos, self.paths = folder, list[PartInfo](), list[Path]()
        self._lines, self._size = list[bytes](), 0

    def add(self, line: bytes) -> None:
        if self._lines and (len(self._lines) == MAX_PART_LINES or self._size + len(line) > TARGET_RAW):
            self.flush()
        self._lines.append(line)
        self._size += len(line) + 1

    def flush(self) -> None:
        if not self._lines:
            return
        n = len(self.infos) + 1
        path = self.folder / f"{n:04d}.part"
        self.infos.append(pack_part(n, self._lines, path))
        self.paths.append(path)
        self._lines, self._size = [], 0


def iter_lines(path: Path, info: PartInfo) -> Iterator[bytes]:
    """
    The raw lines of a part; memory stays under one declared part.

    Raises RejectedInput: CORRUPT (hash or size), BOMB (more than declared), BAD_GZIP (not one
    complete frame), COUNT_MISMATCH, LINE_TOO_LONG.
    """
    if info.raw > MAX_PART_RAW or path.stat().st_size != info.stored:
        raise RejectedInput("CORRUPT", part=info.n)
    stored = path.read_bytes()
    if hashlib.sha256(stored).hexdigest() != info.sha256:
        raise RejectedInput("CORRUPT", part=info.n)
    raw = _unpack(stored, info)
    if not raw.endswith(b"\n") or raw.count(b"\n") != info.lines:
        raise RejectedInput("COUNT_MISMATCH", part=info.n)
    start = 0
    while start < len(raw):
        end = raw.index(b"\n", start)
        if end - start > MAX_LINE:
            raise RejectedInput("LINE_TOO_LONG", part=info.n)
        yield raw[start:end]
        start = end + 1


def _unpack(stored: bytes, info: PartInfo) -> bytes:
    """Exactly one frame that states its size: nothing is unpacked before the stated size equals the declared one."""
    try:
        frame = zstandard.get_frame_parameters(stored)
        if frame.content_size == zstandard.CONTENTSIZE_UNKNOWN:
            raise RejectedInput("BAD_GZIP", part=info.n, why="size not stated")
        if frame.content_size > info.raw or frame.window_size > WINDOW:
            raise RejectedInput("BOMB", part=info.n)
        if frame.content_size != info.raw:
            raise RejectedInput("CORRUPT", part=info.n, why="size")
        return zstandard.ZstdDecompressor(max_window_size=WINDOW).decompress(
            stored, max_output_size=info.raw, read_across_frames=False, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise RejectedInput("BAD_GZIP", part=info.n, why=str(error)[:120]) from None
