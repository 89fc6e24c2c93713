"""Addresses of transmission: pages, and calls between nodes."""

from django.urls import URLPattern, URLResolver, include, path

from sync.views import batches, nodes, overview, quarantine

pages = [
    path("sync/", overview.overview, name="overview"),
    path("sync/send/", overview.send, name="send"),
    path("sync/resume/", overview.resume, name="resume"),
    path("sync/batches/", batches.batches, name="batches"),
    path("sync/batches/<uuid:uid>/", batches.batch, name="batch"),
    path("sync/batches/<uuid:uid>/compare/", batches.compare, name="compare"),
    path("sync/returned/", quarantine.quarantine, name="quarantine"),
    path("sync/returned/<uuid:uid>/<int:line_no>/", quarantine.quarantined_line, name="quarantined_line"),
    path("sync/returned/<uuid:uid>/<int:line_no>/notes/", quarantine.annotate, name="annotate"),
    path("nodes/", nodes.nodes, name="nodes"),
    path("nodes/register/", nodes.register, name="node_register"),
    path("nodes/keys/propose/", nodes.propose, name="key_propose"),
    path("nodes/keys/confirm/", nodes.confirm, name="key_confirm"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((pages, "sync"))),
    path("", include("sync.receiving.urls")),
]
