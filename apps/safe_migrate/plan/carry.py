"""A database as a statement leaves it, without running it: what the next statement will meet.

What is not known here, such as the columns of a view, is left as it was. Names in indexes, columns
and constraints are without quotes, those of tables with.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from safe_migrate.facts.database import Database, Dependent, Table
from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.plan import carry_table


def after(database: Database, statement: Statement) -> Database:
    """The database once the statement has run."""
    change = _CHANGES.get(statement.kind)
    return change(database, statement) if change else database


def qualified(database: Database, name: str) -> str:
    """The name of a table with its schema: that of the one it means, else where it would be."""
    if found := database.table(name):
        return found.name
    if '"."' in name or not database.search_path:
        return name
    schema = database.search_path[0].replace('"', '""')
    return f'"{schema}".{name}'


def bare(name: str) -> str:
    """The last part of a quoted name, without its quotes."""
    return name.rsplit('."', 1)[-1].strip('"').replace('""', '"')


def written(name: str) -> str:
    """A name in quotes as quote_ident writes it, which is how facts.database names dependents."""
    parts = [part.strip('"').replace('""', '"') for part in name.split('"."')]
    return ".".join(
        part if re.fullmatch(r"[a-z_][a-z0-9_]*", part) else '"' + part.replace('"', '""') + '"'
        for part in parts
    )


def _with(database: Database, tables: Iterable[Table], without: Iterable[str] = ()) -> Database:
    gone = set(without)
    held = {name: table for name, table in database.tables.items() if name not in gone}
    return replace(database, tables=held | {table.name: table for table in tables})


def _create_table(database: Database, statement: Statement) -> Database:
    name = qualified(database, statement.table)
    if database.table(statement.table):
        return database
    made = carry_table.made(name, statement)
    made = carry_table.resolved(made, lambda other: qualified(database, other))
    return _pointed_at(_with(database, [made]), made)


def _pointed_at(database: Database, table: Table, before: Iterable[str] = ()) -> Database:
    """The tables that a table's foreign keys point to know of it; those of `before` no more."""
    pointed = {constraint.references for constraint in table.constraints} - {""}
    known = []
    for name in pointed | {*before}:
        other = database.tables.get(name)
        if other:
            others = tuple(each for each in other.referenced_by if each != table.name)
            now = (*others, table.name) if name in pointed else others
            known.append(replace(other, referenced_by=now))
    return _with(database, known)


def _drop_table(database: Database, statement: Statement) -> Database:
    gone = {qualified(database, name) for name in statement.tables}
    left = [carry_table.without_references(table, gone) for table in database.tables.values()]
    return replace(database, tables={table.name: table for table in left if table.name not in gone})


def _alter_table(database: Database, statement: Statement) -> Database:
    table = database.table(statement.table)
    if table is None:
        return database
    before = [constraint.references for constraint in table.constraints]
    for action in statement.actions:
        table = carry_table.acted(table, action)
    table = carry_table.resolved(table, lambda other: qualified(database, other))
    return _pointed_at(_with(database, [table]), table, before)


def _rename(database: Database, statement: Statement) -> Database:
    if statement.object == "index":
        return _rename_index(database, bare(statement.name), statement.new_name)
    table = database.table(statement.table)
    if table is None:
        return database
    if statement.object == "table":
        return _rename_table(database, table, statement.new_name)
    if statement.object == "column":
        return _with(
            database, [carry_table.renamed_column(table, statement.name, statement.new_name)]
        )
    if statement.object == "constraint":
        return _with(
            database, [carry_table.renamed_constraint(table, statement.name, statement.new_name)]
        )
    return database


def _rename_table(database: Database, table: Table, new_name: str) -> Database:
    schema = table.name.split('"."', 1)[0]
    name = f'{schema}"."' + new_name.replace('"', '""') + '"'
    moved = [
        carry_table.pointing_elsewhere(each, table.name, name)
        for each in database.tables.values()
        if table.name in each.referenced_by
        or any(constraint.references == table.name for constraint in each.constraints)
    ]
    itself = next((each for each in moved if each.name == table.name), table)
    others = [each for each in moved if each.name != table.name]
    return _with(database, [*others, replace(itself, name=name)], [table.name])


def _rename_index(database: Database, name: str, new_name: str) -> Database:
    return _with(
        database,
        [
            carry_table.renamed_index(table, name, new_name)
            for table in _tables_with_index(database, name)
        ],
    )


def _create_index(database: Database, statement: Statement) -> Database:
    table = database.table(statement.table)
    if table is None or any(index.name == statement.name for index in table.indexes):
        return database
    return _with(database, [carry_table.with_index(table, statement)])


def _drop_index(database: Database, statement: Statement) -> Database:
    name = bare(statement.name)
    return _with(
        database,
        [carry_table.without_index(table, name) for table in _tables_with_index(database, name)],
    )


def _tables_with_index(database: Database, name: str) -> list[Table]:
    return [
        table
        for table in database.tables.values()
        if any(index.name == name for index in table.indexes)
    ]


def _create_extension(database: Database, statement: Statement) -> Database:
    extensions: Mapping[str, str] = {statement.name: "", **database.extensions}
    return replace(database, extensions=extensions)


def _depend(kind: str) -> Callable[[Database, Statement], Database]:
    """What is created hangs on the tables it names."""

    def build(database: Database, statement: Statement) -> Database:
        name = statement.name or written(qualified(database, statement.table))
        made = Dependent(kind=kind, name=name)
        found = [database.table(name) for name in statement.tables]
        held = [each for each in found if each and made not in each.dependents]
        return _with(
            database, [replace(each, dependents=(*each.dependents, made)) for each in held]
        )

    return build


def _drop(database: Database, statement: Statement) -> Database:
    """Views and triggers hang on nothing any more."""
    if statement.object not in ("view", "matview", "trigger"):
        return database
    kind = {"matview": "materialized view"}.get(statement.object, statement.object)
    names = {written(qualified(database, statement.name)), bare(statement.name)}
    left = []
    for table in database.tables.values():
        kept = tuple(d for d in table.dependents if d.kind != kind or d.name not in names)
        if kept != table.dependents:
            left.append(replace(table, dependents=kept))
    return _with(database, left)


_CHANGES: dict[Kind, Callable[[Database, Statement], Database]] = {
    Kind.CREATE_TABLE: _create_table,
    Kind.DROP_TABLE: _drop_table,
    Kind.ALTER_TABLE: _alter_table,
    Kind.RENAME: _rename,
    Kind.CREATE_INDEX: _create_index,
    Kind.DROP_INDEX: _drop_index,
    Kind.CREATE_EXTENSION: _create_extension,
    Kind.CREATE_VIEW: _depend("view"),
    Kind.CREATE_TRIGGER: _depend("trigger"),
    Kind.DROP: _drop,
}
