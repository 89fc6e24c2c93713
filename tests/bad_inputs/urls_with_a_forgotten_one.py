"""The product's addresses and one that nobody wrote a policy for."""

from django.http import HttpResponse
from django.urls import path

from povfund.urls import urlpatterns as product

urlpatterns = [*product, path("forgotten/", lambda request: HttpResponse("all the data"), name="forgotten")]
