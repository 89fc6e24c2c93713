"""Every address of the product, by app."""

from django.urls import URLPattern, URLResolver, include, path

from povfund.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("povfund.home_urls")),
    path("", include("povfund.api")),
    path("", include("accounts.urls")),
    path("", include("records.urls")),
    path("", include("records.review.urls")),
    path("", include("funds.urls")),
    path("", include("sync.urls")),
    path("", include("rollups.urls")),
]

handler400 = "povfund.refusals.not_understood"
handler403 = "povfund.refusals.refused"
handler404 = "povfund.refusals.not_found"
handler500 = "povfund.refusals.broken"
