"""Checking a password and a second factor, and finding the account of a session."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django_otp import devices_for_user

from accounts.models import User


class AccountBackend(ModelBackend):
    """账号登录 — password and, where the account has a confirmed device, the code of the second factor."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The account, or None; `user.otp_device` is the device whose code was right. One hash in every case."""
        user = super().authenticate(request, username=username, password=password)
        if user is None:
            return None
        devices = list(devices_for_user(user, confirmed=True))
        if not devices:
            return user
        code = str(kwargs.get("otp") or "").strip()
        user.otp_device = next((device for device in devices if code and device.verify_token(code)), None)
        return user if user.otp_device else None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.with_seat().filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
