"""A large database: base backup, restore point, a migration that destroys, and the way back."""

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archives import Archived, archived, follow, recipe
from tests.projects import Foreign, Result

DESTROY = (
    'migrations.RunSQL("DELETE FROM shelf_book WHERE id > 3"), '
    'migrations.RemoveField("Book", "title")'
)
TITLES = [(f"title {number}",) for number in range(1, 21)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archived]:
    with archived(tmp_path_factory.mktemp("point")) as world:
        yield world


def project_on(world: Archived, tmp_path: Path, database: str) -> Foreign:
    """Its first migration is applied, and there are rows."""
    project = world.project(
        tmp_path / "project",
        database,
        BASE_BACKUP_DIR=str(tmp_path / "bases"),
        RESTORE_COMMAND=world.restore_command,
    )
    project.ok("safe_backup", "base", "--fast")
    project.ok("safe_migrate")
    insert(world, database, 1, 10)
    return project


def insert(world: Archived, database: str, first: int, last: int) -> None:
    world.server.query(
        database,
        "INSERT INTO shelf_book (title) SELECT 'title ' || n"
        f" FROM generate_series({first}, {last}) n",
    )


def destroy(project: Foreign) -> Result:
    """A migration that throws rows and a column away."""
    project.migration("0002_destroy", "0001_initial", DESTROY)
    project.write(
        "shelf/models.py", "from django.db import models\n\n\nclass Book(models.Model):\n    pass\n"
    )
    return project.ok("safe_migrate")


def recovered(world: Archived, text: str, folder: Path) -> list[tuple[object, ...]]:
    """The titles in the database that the recipe's last step makes, as it is written."""
    dump = follow(text, folder, str(Path(world.server.program("pg_dump")).parent))
    steps = [line.removeprefix("#      ") for line in text.splitlines() if "#      " in line]
    server = world.server
    for step in steps:
        program, *words = shlex.split(step.replace('"$DUMP"', shlex.quote(str(dump))))
        subprocess.run(
            [server.program(program), *words],
            env={
                "PGHOST": server.host,
                "PGPORT": str(server.port),
                "PGUSER": server.user,
                "PGPASSWORD": server.password,
            },
            check=True,
        )
    name = shlex.split(steps[0])[1]
    rows = server.query(name, "SELECT title FROM shelf_book ORDER BY id")
    server.query("postgres", f'DROP DATABASE "{name}"')
    return rows


def test_the_printed_recipe_gets_back_what_a_migration_destroyed(
    world: Archived, tmp_path: Path
) -> None:
    with world.server.database("it's a shop") as database:
        project = project_on(world, tmp_path, database)
        insert(world, database, 11, 20)
        result = destroy(project)
        assert world.server.query(database, "SELECT count(*) FROM shelf_book") == [(3,)]
        world.server.query(database, "INSERT INTO shelf_book DEFAULT VALUES")
        text = recipe(project, result)
        assert "cp -a " in text
        assert recovered(world, text, tmp_path / "recovery") == TITLES
        assert world.server.query(database, "SELECT count(*) FROM shelf_book") == [(4,)]


def test_an_incremental_base_backup_gets_it_back_too(world: Archived, tmp_path: Path) -> None:
    with world.server.database() as database:
        project = project_on(world, tmp_path, database)
        shown = project.ok("safe_backup", "base", "--incremental", "--fast").out
        assert ": incremental, " in shown
        full, incremental = sorted(path for path in (tmp_path / "bases").glob("base-*Z"))
        assert f'pg_combinebackup {full} {incremental} --output="$SIDE"' in shown
        insert(world, database, 11, 20)
        text = recipe(project, destroy(project))
        assert f'pg_combinebackup {full} {incremental} --output="$SIDE"' in text
        assert recovered(world, text, tmp_path / "recovery") == TITLES
