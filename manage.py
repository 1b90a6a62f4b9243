#!/usr/bin/env python
"""Run a management command; `--env NAME` chooses config.settings.NAME for any of them."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent / "apps"))


def main() -> None:
    from config.env import choose_settings

    argv = choose_settings(sys.argv)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(argv)
    except ImproperlyConfigured as error:
        # A missing or malformed variable is a sentence, not a traceback.
        sys.exit(f"Misconfigured: {error}")


if __name__ == "__main__":
    main()
