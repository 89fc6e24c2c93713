"""Settings of the suite: the product's own, on a PostgreSQL of the suite, with cheap password hashing."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

TEST_HOME = Path(__file__).resolve().parent.parent / "var" / "test"

os.environ["POVFUND_HOME"] = str(TEST_HOME)
os.environ["POVFUND_DB_ROLE"] = "owner"
os.environ["POVFUND_SECRET_KEY"] = "a-secret-of-the-test-suite-and-of-nothing-else"
os.environ["POVFUND_FIELD_KEY"] = "a-field-key-of-the-test-suite-and-of-nothing-else"
os.environ["POVFUND_LOG_LEVEL"] = "WARNING"
for _name in ("POVFUND_ENV", "POVFUND_EDITION", "POVFUND_NODE", "POVFUND_NODE_DIVISION", "POVFUND_FAKE_NOW"):
    os.environ.pop(_name, None)
for _name in ("POVFUND_REDIS_URL", "POVFUND_OWNER_DATABASE_URL", "POVFUND_REPLICA_URL", "POVFUND_DEBUG"):
    os.environ.pop(_name, None)

from povfund import settings as product  # noqa: E402

globals().update({name: value for name, value in vars(product).items() if name.isupper()})

DATABASES = {"default": product.DATABASES["default"]}
if os.environ.get("POVFUND_DATABASE_URL"):
    DATABASES["default"]["OPTIONS"] = {"assume_role": "fp_owner"}
HOME = Path(tempfile.mkdtemp(prefix="povfund-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
PASSWORD_HASHERS = ["tests.support.hashing.CheapArgon2"]
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
STORAGES = {
    **product.STORAGES,
    "default": {**product.STORAGES["default"], "OPTIONS": {"location": HOME / "attachments"}},
}
NODE_CALLS = 10**6
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
