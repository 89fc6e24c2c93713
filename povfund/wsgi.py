"""WSGI entry of the web processes."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "povfund.settings")
application = get_wsgi_application()

from povfund.checks import refuse_unsafe_start  # noqa: E402 - needs the loaded apps

refuse_unsafe_start()
