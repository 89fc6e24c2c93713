"""What `povfund.api` mounts below `/api/v1/`."""

from django.urls import path

from records.api.attachments import AttachmentViewSet
from records.api.sheets import ExportViewSet, ImportViewSet, TemplateView
from records.calendar.api import ROUTES as CALENDAR_ROUTES, URLS as CALENDAR_URLS

ROUTES = [
    ("attachments", AttachmentViewSet),
    ("imports", ImportViewSet),
    ("exports", ExportViewSet),
    *CALENDAR_ROUTES,
]
URLS = [
    path("templates/<slug:resource>.xlsx", TemplateView.as_view(), name="template"),
    *CALENDAR_URLS,
]
