"""What `povfund.api` mounts below `/api/v1/`."""

from sync.api.changes import ChangeOrderViewSet
from sync.api.stops import ChainStopViewSet
from sync.api.viewsets import BatchViewSet, ReceiptViewSet, WindowViewSet

ROUTES = [
    ("batches", BatchViewSet),
    ("chain-stops", ChainStopViewSet),
    ("change-orders", ChangeOrderViewSet),
    ("receipts", ReceiptViewSet),
    ("windows", WindowViewSet),
]
