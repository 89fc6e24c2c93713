"""The API's sign-in."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.serializers import CredentialsSerializer, TokenSerializer
from accounts.services import issue_token
from accounts.signing_in import check_credentials
from povfund.common.asking import Asked


class TokenView(Asked, APIView):
    """
    `{"username", "password", "otp"?}` → `{"token"}`, for eight hours.

    401 where account, password or code are not right, 429 while locked, 403 where the password
    must be changed first.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(request=CredentialsSerializer, responses=TokenSerializer, auth=[])
    def post(self, request: Request) -> Response:
        credentials = CredentialsSerializer(data=request.data)
        credentials.is_valid(raise_exception=True)
        user = check_credentials(request._request, **credentials.validated_data)
        response = Response({"token": issue_token(user)})
        response["Cache-Control"] = "no-store"
        return response
