"""Addresses of the working calendar's pages."""

from django.urls import path

from records.calendar import views

urlpatterns = [
    path("administration/calendar/", views.year_list, name="calendar"),
    path("administration/calendar/<int:year>/", views.year_detail, name="calendar_year"),
    path("administration/calendar/<int:year>/enter/", views.year_enter, name="calendar_enter"),
]
