"""What `povfund.api` mounts below `/api/v1/`."""

from django.urls import path

from accounts.api.views import TokenView
from accounts.api.viewsets import AuditEntryViewSet, DivisionViewSet, UnitSuccessionViewSet, UnitViewSet

ROUTES = [
    ("divisions", DivisionViewSet),
    ("units", UnitViewSet),
    ("unit-successions", UnitSuccessionViewSet),
    ("audit-entries", AuditEntryViewSet),
]
URLS = [path("auth/token", TokenView.as_view(), name="api-token")]
