"""Limits of a batch, in one place: what is sealed stays inside what is received, and entry inside what is sealed."""

from __future__ import annotations

MAX_MANIFEST = 2**20
MAX_SIGNATURES = 16 * 2**10
MAX_PARTS = 400
MAX_PART_LINES = 5_000
MAX_PART_RAW = 16 * 2**20
MAX_BATCH_RAW = 2**30
MAX_LINES = 60_000
"""Of a batch: each may come back, and its receipt names each with a reason."""
MAX_RATIO = 200
"""Raw bytes of a part to its stored ones."""
MAX_LINE = 2 * 2**20
MAX_CHILDREN = 5_000
"""Rows of one list of a record."""
MAX_STEPS = 20
"""Steps of review a line carries."""

TARGET_RAW = 8 * 2**20
"""A part is closed before it holds more."""
SEAL_LINES = MAX_LINES
SEAL_RAW = 500 * 10**6
SEAL_TOTALS = 4_000
"""Sums in a manifest: at most 200 bytes each, so that it stays below `MAX_MANIFEST`."""
MAX_CONTENT = MAX_LINE - 64 * 2**10
"""Content of one record at review: what remains of a line carries hashes and review evidence."""
RECEIPT_REASONS = 16 * 2**20
"""Bytes of reasons in a receipt that are written out in full; beyond them each line has its first."""
