"""Addresses of the review pages."""

from django.urls import path

from records.review import views

app_name = "review"

urlpatterns = [
    path("review/", views.review_list, name="list"),
    path("review/<slug:kind>/approve/", views.approve_set, name="approve"),
    path("review/<slug:kind>/approve-filtered/", views.approve_filtered, name="approve_filtered"),
    path("review/<slug:kind>/<uuid:uid>/decide/", views.decide, name="decide"),
]
