"""What `povfund.api` mounts below `/api/v1/`."""

from funds.api.viewsets import (
    ArrivalViewSet,
    BudgetItemViewSet,
    CodeListViewSet,
    FundCategoryViewSet,
    FundDocumentViewSet,
)

ROUTES = [
    ("fund-documents", FundDocumentViewSet),
    ("arrivals", ArrivalViewSet),
    ("budget-items", BudgetItemViewSet),
    ("fund-categories", FundCategoryViewSet),
    ("code-lists", CodeListViewSet),
]
