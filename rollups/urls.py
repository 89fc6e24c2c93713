"""Pages of totals."""

from django.urls import path

from rollups import views
from rollups.chain import lists, views as chain

app_name = "rollups"
urlpatterns = [
    path("rollups/", views.explorer, name="explorer"),
    path("rollups/lines/", views.lines, name="lines"),
    path("rollups/lines/file/", views.lines_file, name="lines_file"),
    path("rollups/file/", views.file, name="file"),
    path("rollups/cases/", lists.case_list, name="cases"),
    path("rollups/balances/", lists.balance_list, name="balances"),
    path("rollups/chain/<uuid:uid>/", chain.chain, name="chain"),
    path("rollups/chain/<uuid:uid>/distribution/", chain.distribution, name="distribution"),
    path("rollups/chain/<uuid:uid>/distribution/file/", chain.distribution_file, name="distribution_file"),
    path("rollups/chain/<uuid:uid>/notice/", chain.notice, name="notice"),
    path("rollups/chain/<uuid:uid>/notice/file/", chain.notice_file, name="notice_file"),
]
