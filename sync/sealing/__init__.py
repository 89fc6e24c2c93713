"""封存 — what is reviewed becomes a batch: chosen and locked, then built and signed."""

from sync.sealing.build import build
from sync.sealing.preview import preview
from sync.sealing.seal import seal, seal_all

__all__ = ["build", "preview", "seal", "seal_all"]
