"""Addresses of transmission: pages, and calls between nodes."""

from django.urls import URLPattern, URLResolver, include, path

from sync import views

pages = [
    path("sync/", views.overview, name="overview"),
    path("sync/send/", views.send, name="send"),
    path("sync/batches/<uuid:uid>/", views.batch, name="batch"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((pages, "sync"))),
    path("", include("sync.receiving.urls")),
]
