"""Pages of totals."""

from django.urls import path

from rollups import views

app_name = "rollups"
urlpatterns = [
    path("rollups/", views.explorer, name="explorer"),
    path("rollups/lines/", views.lines, name="lines"),
    path("rollups/file/", views.file, name="file"),
]
