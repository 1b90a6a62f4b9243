"""ASGI entry point, for the settings that DJANGO_SETTINGS_MODULE names."""

import sys

from config.env import ROOT, settings_for_server

sys.path.insert(1, str(ROOT / "apps"))
settings_for_server()

from django.core.asgi import get_asgi_application  # noqa: E402

application = get_asgi_application()
