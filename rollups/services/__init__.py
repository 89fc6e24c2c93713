"""Merging, reading, proving and rebuilding totals."""

from rollups.services.merging import merge_deltas
from rollups.services.proving import prove_random_cells, rebuild, verify

__all__ = ["merge_deltas", "prove_random_cells", "rebuild", "verify"]
