"""From the part of a state that a migration can see comes the same SQL as from all of it."""

from importlib import import_module
from typing import Any

import pytest
from django.db import migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from safe_migrate.plan.collect import collect
from safe_migrate.plan.near import near
from tests.plan.test_collect import ID, connection, migration, planned

__all__ = ["connection"]
MODULE = import_module("safe_migrate.plan.collect")


def everything(_: Any, state: ProjectState) -> ProjectState:
    return state.clone()


def test_the_whole_history_of_this_project(
    connection: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    assert len(pending) > 20
    seen = collect(executor, pending, connection)
    monkeypatch.setattr(MODULE, "near", everything)
    assert seen == collect(executor, pending, connection)


def relation(to: str, **more: Any) -> Any:
    return models.ForeignKey(to, models.CASCADE, null=True, **more)


HISTORY = [
    migration(
        "0001",
        migrations.CreateModel(
            "Land", [("code", models.CharField(primary_key=True, max_length=2))]
        ),
        migrations.CreateModel("Town", [ID, ("land", relation("shelf.Land"))]),
        migrations.CreateModel("Author", [ID, ("town", relation("shelf.Town"))]),
        migrations.CreateModel("Book", [ID, ("name", models.CharField(max_length=9))]),
        migrations.CreateModel("Lonely", [ID]),
    ),
    migration("0002", migrations.AddField("Book", "by", relation("shelf.Author"))),
    migration("0003", migrations.AddField("Book", "also", models.ManyToManyField("shelf.Author"))),
    migration("0004", migrations.AlterField("Book", "name", models.CharField(max_length=20))),
    migration(
        "0005",
        migrations.AlterField("Land", "code", models.CharField(primary_key=True, max_length=3)),
    ),
    migration(
        "0006", migrations.AlterField("Book", "name", models.CharField(max_length=20, unique=True))
    ),
    migration(
        "0007",
        migrations.CreateModel(
            "Atlas",
            [
                (
                    "book_ptr",
                    models.OneToOneField(
                        "shelf.Book", models.CASCADE, parent_link=True, primary_key=True
                    ),
                )
            ],
            bases=("shelf.book",),
        ),
        migrations.AddField("Atlas", "scale", models.PositiveIntegerField(default=1)),
    ),
    migration(
        "0008", migrations.AddField("Lonely", "kin", models.ForeignKey("self", models.CASCADE))
    ),
    migration("0009", migrations.RenameModel("Author", "Writer")),
    migration("0010", migrations.RemoveField("Book", "also")),
    migration("0011", migrations.DeleteModel("Lonely")),
    migration("0012", migrations.AddIndex("Book", models.Index(fields=["name"], name="i"))),
]


def test_keys_and_relations_that_others_point_to(
    connection: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = planned(connection, *HISTORY)
    assert [o.opaque for found in seen for o in found.operations if o.opaque] == []
    changed = " ".join(s for o in seen[4].operations for s in o.statements)
    assert '"shelf_town"' in changed, "a key's other end changes with it"
    monkeypatch.setattr(MODULE, "near", everything)
    assert seen == planned(connection, *HISTORY)


def test_most_of_a_state_is_left_out() -> None:
    state = ProjectState()
    for each in HISTORY[:1]:
        each.mutate_state(state, preserve=False)
    assert set(near(HISTORY[11], state).models) == {("shelf", "book")}
    assert set(near(HISTORY[1], state).models) == {
        ("shelf", "book"), ("shelf", "author"), ("shelf", "town"), ("shelf", "land"),
    }  # fmt: skip
    assert set(near(HISTORY[4], state).models) == set(state.models)
