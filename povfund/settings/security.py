"""Secrets, sign-in, cookies, headers."""

from datetime import timedelta

from csp.constants import NONE, SELF

from povfund.settings import env, node
from povfund.settings.secrets import remembered_secret

SECRET_KEY = env.SECRET_KEY or remembered_secret(node.HOME / "secret_key")
FIELD_KEY = env.FIELD_KEY or remembered_secret(node.HOME / "field_key")
DEBUG = env.DEBUG
ALLOWED_HOSTS = env.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = env.TRUSTED_ORIGINS

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.AccountBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [{"NAME": "accounts.passwords.PolicyValidator"}]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:login"

ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False

PASSWORD_MAX_AGE = timedelta(days=90)
SECOND_FACTOR_REQUIRED = env.PRODUCTION
"""Heads, consents and administrators sign in with a code too; off in the demo world."""
ONE_SESSION_PER_ACCOUNT = env.PRODUCTION
SESSION_IDLE = timedelta(minutes=15)
SESSION_ABSOLUTE = timedelta(hours=8)
OTP_TOTP_ISSUER = f"povfund {node.NODE}"

AXES_HANDLER = "accounts.lockout.LockoutHandler"
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.client_address"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.keep_response"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
BEHIND_PROXY = env.BEHIND_PROXY
"""Is there an own proxy in front, whose X-Forwarded-For and X-Forwarded-Proto are to be believed?"""

SESSION_COOKIE_NAME = f"povfund_{node.NODE.lower()}_session"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = env.PRODUCTION
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_NAME = f"povfund_{node.NODE.lower()}_csrf"
CSRF_COOKIE_SECURE = env.PRODUCTION
CSRF_FAILURE_VIEW = "povfund.refusals.form_expired"
LANGUAGE_COOKIE_NAME = f"povfund_{node.NODE.lower()}_language"

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if env.PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.PRODUCTION
SECURE_HSTS_PRELOAD = env.PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.BEHIND_PROXY else None
USE_X_FORWARDED_HOST = False

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
