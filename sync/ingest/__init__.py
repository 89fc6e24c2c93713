"""入库 — received → staged → validated → applied: each arrow one transaction, picked up by state."""

from sync.ingest.run import ingest
from sync.ingest.turn import pick_up

__all__ = ["ingest", "pick_up"]
