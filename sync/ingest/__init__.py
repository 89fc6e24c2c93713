"""入库 — received → staged → validated → applied: each arrow one transaction, picked up by state."""

from sync.ingest.run import ingest, pick_up

__all__ = ["ingest", "pick_up"]
