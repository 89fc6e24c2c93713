"""Every address of the product, by app."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from povfund.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("i18n/", include("django.conf.urls.i18n")),
]
for _name in (
    "povfund.home_urls",
    "povfund.api",
    "accounts.urls",
    "records.urls",
    "funds.urls",
    "sync.urls",
    "rollups.urls",
):
    if find_spec(_name.split(".")[0]) and find_spec(_name):
        urlpatterns.append(path("", include(_name)))

handler403 = "povfund.refusals.refused"
handler404 = "povfund.refusals.not_found"
handler500 = "povfund.refusals.broken"
