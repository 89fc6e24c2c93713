"""`/api/v1/`: the resources of every app, the description of the API and its pages."""

from importlib import import_module
from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

APPS = ("accounts", "records", "funds", "sync", "rollups")

router = SimpleRouter()
urls: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="povfund/api_docs.html"),
        name="api-docs",
    ),
]
for _app in APPS:
    if find_spec(f"{_app}.api") and find_spec(f"{_app}.api.routes"):
        _routes = import_module(f"{_app}.api.routes")
        for _name, _viewset in getattr(_routes, "ROUTES", []):
            router.register(_name, _viewset, basename=_name)
        urls += getattr(_routes, "URLS", [])
    if find_spec(f"{_app}.api") and find_spec(f"{_app}.api.urls"):
        urls += import_module(f"{_app}.api.urls").urlpatterns

urlpatterns = [path("api/v1/", include([*urls, *router.urls]))]
