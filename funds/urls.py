"""Addresses of the app's pages."""

from django.urls import path

from funds.views import arrivals, documents, entry

app_name = "funds"

urlpatterns = [
    path("funds/documents/", documents.document_list, name="documents"),
    path("funds/documents/new/", entry.document_new, name="document_new"),
    path("funds/documents/save/", entry.save, name="save"),
    path("funds/documents/check/", entry.check, name="check"),
    path("funds/documents/draft/", entry.draft, name="draft"),
    path("funds/documents/<uuid:uid>/", documents.document, name="document"),
    path("funds/documents/<uuid:uid>/edit/", entry.document_edit, name="document_edit"),
    path("funds/documents/<uuid:uid>/step/", documents.document_step, name="document_step"),
    path("funds/documents/<uuid:uid>/delete/", documents.document_delete, name="document_delete"),
    path("funds/arrivals/", arrivals.arrival_list, name="arrivals"),
    path("funds/arrivals/new/", arrivals.arrival_new, name="arrival_new"),
    path("funds/arrivals/<uuid:uid>/", arrivals.arrival, name="arrival"),
    path("funds/arrivals/<uuid:uid>/edit/", arrivals.arrival_edit, name="arrival_edit"),
    path("funds/arrivals/<uuid:uid>/step/", arrivals.arrival_step, name="arrival_step"),
    path("funds/arrivals/<uuid:uid>/delete/", arrivals.arrival_delete, name="arrival_delete"),
]
