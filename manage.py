#!/usr/bin/env python
"""Run a management command; `--env NAME` chooses config.settings.NAME for any of them."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent / "apps"))


def main() -> None:
    from config.env import choose_settings

    argv = choose_settings(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(argv)


if __name__ == "__main__":
    main()
