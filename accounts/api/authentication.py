"""`Authorization: Token …` of the REST API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services import find_token

KEYWORD = "Token"


class TokenAuthentication(BaseAuthentication):
    """接口令牌 — the account behind a token of `POST /api/v1/auth/token`; 401 where it is over or unknown."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != KEYWORD.lower().encode():
            return None
        row = find_token(parts[1].decode("ascii", "replace")) if len(parts) == 2 else None
        if row is None:
            raise AuthenticationFailed(_("The token is unknown or over; sign in again."))
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class TokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI file describes the token."""

    target_class = "accounts.api.authentication.TokenAuthentication"
    name = "tokenAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Token …"}
