"""Addresses of the app's pages."""

from django.urls import path

from records.calendar.urls import urlpatterns as calendar_pages
from records.views import attachments, jobs

app_name = "records"

urlpatterns = [
    path("records/<slug:kind>/<uuid:uid>/attachments/", attachments.attachment_add, name="attachment_add"),
    path("attachments/<uuid:uid>/", attachments.attachment, name="attachment"),
    path("attachments/<uuid:uid>/remove/", attachments.attachment_remove, name="attachment_remove"),
    *calendar_pages,
    path("administration/jobs/", jobs.job_list, name="jobs"),
    path("jobs/<uuid:uid>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("alarms/<int:pk>/acknowledge/", jobs.alarm_acknowledge, name="alarm_acknowledge"),
]
