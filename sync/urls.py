"""Addresses of transmission: pages, and calls between nodes."""

from django.urls import URLPattern, URLResolver, include, path

from sync.views import batches, nodes, overview, quarantine, stops
from sync.views.changes import asking, bulk, delegations, letter, listing, manifest, order

changes = [
    path("changes/", listing.changes, name="changes"),
    path("changes/delegations/", delegations.delegations, name="delegations"),
    path("changes/delegations/<int:pk>/end/", delegations.delegation_end, name="delegation_end"),
    path("changes/of/<str:key>/", bulk.change_bulk, name="change_bulk"),
    path("changes/of/<str:key>/<uuid:uid>/", asking.change_new, name="change_new"),
    path("changes/of/<str:key>/<uuid:uid>/draft/", asking.change_draft, name="change_draft"),
    path("changes/of/<str:key>/<uuid:uid>/check/", asking.change_check, name="change_check"),
    path("changes/of/<str:key>/<uuid:uid>/keep/", asking.change_keep, name="change_keep"),
    path("changes/of/<str:key>/<uuid:uid>/preview/", asking.change_preview, name="change_preview"),
    path("changes/<uuid:uid>/", order.change, name="change"),
    path("changes/<uuid:uid>/seats/<str:seat>/", order.sign, name="change_sign"),
    path("changes/<uuid:uid>/seats/<str:seat>/remind/", order.remind, name="change_remind"),
    path("changes/<uuid:uid>/execute/", order.execute, name="change_execute"),
    path("changes/<uuid:uid>/withdraw/", order.withdraw, name="change_withdraw"),
    path("changes/<uuid:uid>/again/", asking.change_again, name="change_again"),
    path("changes/<uuid:uid>/evidence/", order.evidence_add, name="change_evidence_add"),
    path("changes/<uuid:uid>/evidence/<uuid:file>/", order.evidence, name="change_evidence"),
    path("changes/<uuid:uid>/manifest/", manifest.manifest, name="change_manifest"),
    path("changes/<uuid:uid>/letter/", letter.letter, name="change_letter"),
    path("letters/", letter.verify_letter, name="verify_letter"),
]
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
    path("sync/stops/", stops.chain_stops, name="stops"),
    path("sync/stops/<int:pk>/", stops.clear, name="stop_clear"),
    path("nodes/", nodes.nodes, name="nodes"),
    path("nodes/register/", nodes.register, name="node_register"),
    path("nodes/quota/", nodes.quota, name="node_quota"),
    path("nodes/keys/propose/", nodes.propose, name="key_propose"),
    path("nodes/keys/confirm/", nodes.confirm, name="key_confirm"),
    *changes,
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((pages, "sync"))),
    path("", include("sync.receiving.urls")),
]
