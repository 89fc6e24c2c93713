"""Addresses of the app's pages."""

from django.urls import path

from records.calendar.urls import urlpatterns as calendar_pages
from records.submitting.views import submit_set
from records.views import attachments, jobs, sheets

app_name = "records"

urlpatterns = [
    path("records/<slug:kind>/<uuid:uid>/attachments/", attachments.attachment_add, name="attachment_add"),
    path("attachments/<uuid:uid>/", attachments.attachment, name="attachment"),
    path("attachments/<uuid:uid>/remove/", attachments.attachment_remove, name="attachment_remove"),
    path("submit/<slug:resource>/", submit_set, name="submit"),
    path("imports/<slug:resource>/new/", sheets.imports, name="imports"),
    path("imports/<uuid:uid>/", sheets.sheet_import, name="import"),
    path("imports/<uuid:uid>/layout/", sheets.import_layout, name="import_layout"),
    path("imports/<uuid:uid>/file/", sheets.import_file, name="import_file"),
    path("imports/<uuid:uid>/<slug:step>/", sheets.import_step, name="import_step"),
    path("exports/<slug:resource>/new/", sheets.exports, name="exports"),
    path("exports/<uuid:uid>/", sheets.sheet_export, name="export"),
    path("exports/<uuid:uid>/<slug:decision>/decide/", sheets.export_decision, name="export_decision"),
    path("exports/<uuid:uid>/file/", sheets.export_file, name="export_file"),
    *calendar_pages,
    path("administration/jobs/", jobs.job_list, name="jobs"),
    path("jobs/<uuid:uid>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("alarms/<int:pk>/acknowledge/", jobs.alarm_acknowledge, name="alarm_acknowledge"),
]
