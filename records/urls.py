"""Addresses of the app's pages."""

from django.urls import path

from records.calendar.urls import urlpatterns as calendar_pages
from records.views import attachments

app_name = "records"

urlpatterns = [
    path("records/<slug:kind>/<uuid:uid>/attachments/", attachments.attachment_add, name="attachment_add"),
    path("attachments/<uuid:uid>/", attachments.attachment, name="attachment"),
    path("attachments/<uuid:uid>/remove/", attachments.attachment_remove, name="attachment_remove"),
    *calendar_pages,
]
