"""What `povfund.api` mounts below `/api/v1/`."""

from sync.api.viewsets import BatchViewSet, ReceiptViewSet, WindowViewSet

ROUTES = [("batches", BatchViewSet), ("receipts", ReceiptViewSet), ("windows", WindowViewSet)]
