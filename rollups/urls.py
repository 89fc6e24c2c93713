"""Pages of totals."""

from django.urls import path

from rollups import views
from rollups.chain import views as chain

app_name = "rollups"
urlpatterns = [
    path("rollups/", views.explorer, name="explorer"),
    path("rollups/lines/", views.lines, name="lines"),
    path("rollups/file/", views.file, name="file"),
    path("rollups/cases/", chain.case_list, name="cases"),
    path("rollups/chain/<uuid:uid>/", chain.chain, name="chain"),
    path("rollups/chain/<uuid:uid>/distribution/", chain.distribution, name="distribution"),
    path("rollups/chain/<uuid:uid>/distribution/file/", chain.distribution_file, name="distribution_file"),
    path("rollups/chain/<uuid:uid>/notice/", chain.notice, name="notice"),
]
