"""Models of transmission."""

from sync.models.batch import Batch, BatchItem, BatchPart, LineOutcome, QuarantinedLine, QuarantineNote, Receipt
from sync.models.change import (
    ChangeEvidence,
    ChangeItem,
    ChangeMessage,
    ChangeOrder,
    ChangeReminder,
    ChangeSeat,
    ChangeSignature,
    ChangeWithdrawal,
    OpenChange,
    SeatDelegation,
)
from sync.models.kept import KeptCheck, KeptDigest, KeptSum
from sync.models.moves import ChangeList, ChangeMove
from sync.models.node import ChainHead, DownlinkCursor, DownlinkItem, Node, NodeCalls, NodeKey
from sync.models.staging import StagedLine
from sync.models.stop import ChainStop, StopVoice
from sync.models.window import TransmissionWindow

__all__ = [
    "Batch",
    "BatchItem",
    "BatchPart",
    "ChainHead",
    "ChainStop",
    "ChangeEvidence",
    "ChangeItem",
    "ChangeList",
    "ChangeMessage",
    "ChangeMove",
    "ChangeOrder",
    "ChangeReminder",
    "ChangeSeat",
    "ChangeSignature",
    "ChangeWithdrawal",
    "DownlinkCursor",
    "DownlinkItem",
    "KeptCheck",
    "KeptDigest",
    "KeptSum",
    "LineOutcome",
    "Node",
    "NodeCalls",
    "NodeKey",
    "OpenChange",
    "QuarantineNote",
    "QuarantinedLine",
    "Receipt",
    "SeatDelegation",
    "StagedLine",
    "StopVoice",
    "TransmissionWindow",
]
