"""Models of transmission."""

from sync.models.batch import Batch, BatchItem, BatchPart, LineOutcome, QuarantinedLine, QuarantineNote, Receipt
from sync.models.node import ChainHead, DownlinkCursor, DownlinkItem, Node, NodeKey
from sync.models.staging import StagedLine
from sync.models.window import TransmissionWindow

__all__ = [
    "Batch",
    "BatchItem",
    "BatchPart",
    "ChainHead",
    "DownlinkCursor",
    "DownlinkItem",
    "LineOutcome",
    "Node",
    "NodeKey",
    "QuarantineNote",
    "QuarantinedLine",
    "Receipt",
    "StagedLine",
    "TransmissionWindow",
]
