"""What `povfund.api` mounts below `/api/v1/`."""

from records.api.attachments import AttachmentViewSet
from records.calendar.api import ROUTES as CALENDAR_ROUTES, URLS as CALENDAR_URLS

ROUTES = [("attachments", AttachmentViewSet), *CALENDAR_ROUTES]
URLS = [*CALENDAR_URLS]
