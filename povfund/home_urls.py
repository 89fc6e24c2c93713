"""Address of the landing page."""

from django.urls import path

from povfund.home import home

urlpatterns = [path("", home, name="home")]
