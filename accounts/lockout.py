"""How django-axes keeps and asks for failed sign-ins; the rule itself is in `accounts.services.locks`."""

from __future__ import annotations

import ipaddress
from typing import Any

from axes.handlers.base import AbstractAxesHandler, AxesBaseHandler
from axes.helpers import get_client_username
from axes.models import AccessFailureLog, AccessLog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.services.locks import lock_of, tries_left


class LockoutHandler(AbstractAxesHandler, AxesBaseHandler):
    """登录失败登记 — one row for each failure that was really tried; tries under a lock do not lengthen it."""

    def is_locked(self, request: Any, credentials: dict[str, Any] | None = None) -> bool:
        username = get_client_username(request, credentials) or ""
        return lock_of(username, address=request.axes_ip_address) is not None

    def get_failures(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        username = get_client_username(request, credentials) or ""
        return settings.AXES_FAILURE_LIMIT - tries_left(username, address=request.axes_ip_address)

    def user_login_failed(self, sender: Any, credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
        if request is None or request.axes_locked_out:
            return
        AccessFailureLog.objects.create(
            username=(get_client_username(request, credentials) or "")[:255], locked_out=False, **_origin(request)
        )

    def user_logged_in(self, sender: Any, request: Any, user: Any, **_: Any) -> None:
        AccessLog.objects.create(username=user.get_username(), **_origin(request))
        AccessFailureLog.objects.filter(username=user.get_username(), ip_address=request.axes_ip_address).delete()

    def user_logged_out(self, sender: Any, request: Any, user: Any, **_: Any) -> None:
        """Nothing is kept: the audit trail has the end of the session."""


def client_address(request: HttpRequest) -> str | None:
    """
    The address a request comes from.

    Behind the own proxy it is the last element of X-Forwarded-For, which that proxy appended; what
    a client wrote before it is not believed. None for what is no address.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY and (forwarded := request.META.get("HTTP_X_FORWARDED_FOR", "")):
        text = forwarded.rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def keep_response(request: HttpRequest, response: HttpResponse, credentials: Any = None) -> HttpResponse:
    """Axes would replace the answer by its own page; ours says how long and whom to ask."""
    return response


def _origin(request: Any) -> dict[str, Any]:
    return {
        "ip_address": request.axes_ip_address,
        "user_agent": (request.axes_user_agent or "")[:255],
        "http_accept": "",
        "path_info": (request.axes_path_info or "")[:255],
    }
