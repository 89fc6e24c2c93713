"""Static files, uploads, e-mail."""

from povfund.settings import env, node

STATIC_URL = "/static/"
STATIC_ROOT = env.BASE_DIR / "staticfiles" if env.PRODUCTION else None
STATICFILES_DIRS = [path for path in (env.BASE_DIR / "frontend" / "dist",) if path.is_dir()]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": node.HOME / "attachments"},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage",
    },
}
WHITENOISE_USE_FINDERS = not env.PRODUCTION

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

EMAIL_HOST = env.EMAIL_HOST
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend" if env.EMAIL_HOST else "django.core.mail.backends.dummy.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.EMAIL_FROM
APPEND_SLASH = True
