"""Addresses between nodes."""

from django.urls import path, re_path

from sync.receiving import views

urlpatterns = [
    path("sync/v1/batches", views.batches, name="node-batches"),
    path("sync/v1/batches/<uuid:uid>", views.batch_status, name="node-batch"),
    re_path(r"^sync/v1/batches/(?P<uid>[0-9a-f-]{36})/parts/(?P<sha256>[0-9a-f]{64})$", views.part, name="node-part"),
    path("sync/v1/batches/<uuid:uid>/complete", views.complete, name="node-complete"),
    path("sync/v1/change-requests", views.change_requests, name="node-change-requests"),
    re_path(
        r"^sync/v1/change-requests/(?P<uid>[0-9a-f-]{36})/evidence/(?P<sha256>[0-9a-f]{64})$",
        views.evidence,
        name="node-change-evidence",
    ),
    path("sync/v1/downlink", views.downlink, name="node-downlink"),
    path("sync/v1/digest", views.digest, name="node-digest"),
]
