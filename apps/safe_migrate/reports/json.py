"""Results as one JSON document each, by a versioned schema, also on failure."""

import json
from typing import Any

from safe_migrate.errors import SafeMigrateError

FAILURE_SCHEMA = "safe_migrate.failure/1"


def render(document: dict[str, Any]) -> str:
    """The document as text; the keys of a schema are only ever added to."""
    return json.dumps(document, indent=2)


def failure(error: SafeMigrateError) -> str:
    """A failure that no run's report carries."""
    return render(
        {
            "schema": FAILURE_SCHEMA,
            "ok": False,
            "exit_code": int(error.exit),
            "error": {
                "code": error.code,
                "what": error.what,
                "state": error.state,
                "lost": error.lost,
                "next": list(error.next),
                "docs": error.docs,
            },
        }
    )
