"""What `povfund.api` mounts below `/api/v1/`."""

from funds.api.viewsets import BudgetItemViewSet, CodeListViewSet, FundCategoryViewSet, FundDocumentViewSet

ROUTES = [
    ("fund-documents", FundDocumentViewSet),
    ("budget-items", BudgetItemViewSet),
    ("fund-categories", FundCategoryViewSet),
    ("code-lists", CodeListViewSet),
]
