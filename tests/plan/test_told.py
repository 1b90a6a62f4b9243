"""An operation as its own code: what findings write otherwise."""

from typing import Any

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from safe_migrate.plan.told import _code


class Odd(migrations.RunSQL):
    """Somebody else's operation, which cannot be written down."""

    def deconstruct(self) -> Any:
        raise RuntimeError


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (
            migrations.AddField("order", "note", models.TextField(null=True)),
            "migrations.AddField(\n    model_name='order',\n    name='note',\n"
            "    field=models.TextField(null=True),\n)",
        ),
        (
            AddIndexConcurrently("order", models.Index(fields=["a"], name="i")),
            "django.contrib.postgres.operations.AddIndexConcurrently(\n    model_name='order',\n"
            "    index=models.Index(fields=['a'], name='i'),\n)",
        ),
        (migrations.CreateModel("Long", []), ""),
        (Odd("SELECT 1"), ""),
    ],
)
def test_as_makemigrations_would_write_it(operation: Any, expected: str) -> None:
    assert _code(operation) == expected
