"""What `povfund.api` mounts below `/api/v1/`."""

from sync.api.changes import ChangeOrderViewSet
from sync.api.viewsets import BatchViewSet, ReceiptViewSet, WindowViewSet

ROUTES = [
    ("batches", BatchViewSet),
    ("change-orders", ChangeOrderViewSet),
    ("receipts", ReceiptViewSet),
    ("windows", WindowViewSet),
]
