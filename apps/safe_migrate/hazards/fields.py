"""Fields of models: as a migration writes them, and the type of their columns. Pure."""

import ast

from safe_migrate.facts.danger import Field, Operation, Situation
from safe_migrate.facts.statement import Action
from safe_migrate.hazards.words import column

_TYPES = {
    "AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint",
    "BigIntegerField": "bigint", "BinaryField": "bytea", "BooleanField": "boolean",
    "DateField": "date", "DateTimeField": "timestamp with time zone",
    "DurationField": "interval", "FloatField": "double precision",
    "IntegerField": "integer", "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer", "PositiveSmallIntegerField": "smallint",
    "SmallIntegerField": "smallint", "GenericIPAddressField": "inet", "JSONField": "jsonb",
    "TextField": "text", "TimeField": "time without time zone", "UUIDField": "uuid",
}  # fmt: skip
_TEXTS = ("CharField", "EmailField", "FileField", "FilePathField", "ImageField", "SlugField",
          "URLField")  # fmt: skip
_LENGTHS = {"EmailField": 254, "SlugField": 50, "URLField": 200}


def written(field: Field, *, add: dict[str, str] | None = None, drop: tuple[str, ...] = ()) -> str:
    """The field as a migration writes it, with arguments added or left out: models.CharField(…)."""
    keywords = _keywords(field)
    kept = {name: value for name, value in keywords.items() if name not in drop}
    head, positional = _call(field)
    arguments = [
        *positional,
        *(f"{name}={value}" for name, value in {**kept, **(add or {})}.items()),
    ]
    return f"{head}({', '.join(arguments)})"


def argument(field: Field, name: str) -> str:
    """An argument of the field as the migration writes it; empty where it is not known."""
    return _keywords(field).get(name, "")


def _call(field: Field) -> tuple[str, list[str]]:
    tree = _parsed(field)
    if tree is None:
        return f"models.{field.kind}", []
    return ast.unparse(tree.func), [ast.unparse(value) for value in tree.args]


def _keywords(field: Field) -> dict[str, str]:
    tree = _parsed(field)
    if tree is not None:
        return {each.arg: ast.unparse(each.value) for each in tree.keywords if each.arg}
    found = {"to": "..."} if field.relation else {}
    found |= {"max_length": str(field.max_length)} if field.max_length else {}
    flags = {"null": field.null, "unique": field.unique, "db_index": field.db_index}
    found |= {name: "True" for name, value in flags.items() if value}
    found |= {"default": "..."} if field.has_default else {}
    return found | ({"db_default": "..."} if field.has_db_default else {})


def _parsed(field: Field) -> ast.Call | None:
    try:
        tree = ast.parse(field.source, mode="eval").body
    except SyntaxError:
        return None
    return tree if isinstance(tree, ast.Call) else None


def old_type(situation: Situation, action: Action) -> str:
    """The column's type before ALTER COLUMN TYPE: of the catalog, else of the field's class.

    Empty where neither is known.
    """
    known = column(situation.database, situation.statement.table, action.name)
    if known:
        return known.type
    before = situation.operation.before
    return _type(before) if before and before.column == action.name else ""


def _type(field: Field) -> str:
    if field.kind in _TEXTS:
        given = field.max_length or _LENGTHS.get(field.kind)
        return f"character varying({given})" if given else "character varying"
    if field.kind == "DecimalField" and field.source:
        return f"numeric({argument(field, 'max_digits')}, {argument(field, 'decimal_places')})"
    return _TYPES.get(field.kind, "")


def model(operation: Operation) -> str:
    """The model's name as an operation writes it."""
    return repr(operation.model).replace("'", '"')


def add_field(operation: Operation, field: Field, **more: str) -> str:
    """AddField with the field, its arguments changed by `more`: an empty text leaves one out."""
    return _on_field("AddField", operation, field, more)


def alter_field(operation: Operation, field: Field, **more: str) -> str:
    """AlterField, likewise."""
    return _on_field("AlterField", operation, field, more)


def _on_field(kind: str, operation: Operation, field: Field, more: dict[str, str]) -> str:
    drop = tuple(name for name, value in more.items() if not value)
    add = {name: value for name, value in more.items() if value}
    return (
        f"migrations.{kind}(\n"
        f"    model_name={model(operation)},\n"
        f'    name="{field.name}",\n'
        f"    field={written(field, add=add, drop=drop)},\n"
        ")"
    )


def run_sql(*statements: str, reverse: str = "migrations.RunSQL.noop") -> str:
    """RunSQL with these statements, to be pasted."""
    lines = "".join(f"        {statement!r},\n" for statement in statements)
    return f"migrations.RunSQL(\n    [\n{lines}    ],\n    reverse_sql={reverse},\n)"
