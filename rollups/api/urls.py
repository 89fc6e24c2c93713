"""Addresses under /api/v1/."""

from django.urls import path

from rollups.api.views import RollupFileView, RollupView

urlpatterns = [
    path("rollups/", RollupView.as_view(), name="rollups"),
    path("rollups.xlsx", RollupFileView.as_view(file_format="xlsx"), name="rollups-xlsx"),
    path("rollups.csv", RollupFileView.as_view(file_format="csv"), name="rollups-csv"),
]
