"""`manage.py dbshell`: starts the server first, and uses the psql that came with it."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.postgresql import client

from safe_migrate.postgres.embedded.wheel import binaries


class DatabaseClient(client.DatabaseClient):
    """Django's, for a machine that need not have a psql of its own."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        """Django's arguments, with the wheel's psql in front."""
        arguments, environment = super().settings_to_cmd_args_env(settings_dict, parameters)
        major = settings_dict["EMBEDDED"].get("MAJOR", 18)
        return [str(binaries(major) / cls.executable_name), *arguments[1:]], environment

    def runshell(self, parameters: Iterable[str]) -> None:
        """Connecting once starts the server and creates the database; psql then finds both."""
        self.connection.ensure_connection()
        self.connection.close()
        super().runshell(parameters)
