"""SQL → what we need to know of it, by PostgreSQL's own parser; nothing else knows the parser."""

from functools import lru_cache

from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.plan.parse import classify, tree


@lru_cache(maxsize=1024)
def statements(text: str) -> tuple[Statement, ...]:
    """Each statement of a text, typed; the whole text as one UNKNOWN where it cannot be parsed."""
    parsed = tree.parse(text)
    if parsed is None:
        return (Statement(sql=text.strip(), kind=Kind.UNKNOWN),)
    return tuple(classify.statement(node, words) for node, words in tree.split(parsed, text))


@lru_cache(maxsize=512)
def relations(statement: str) -> tuple[str, ...]:
    """Names of the tables, views and indexes a statement mentions, schema-qualified as written.

    Empty for what cannot be parsed, such as SQL with Django's %s placeholders.
    """
    parsed = tree.parse(statement)
    if parsed is None:
        return ()
    names = dict.fromkeys(
        tree.quoted(node.schemaname, node.relname) for node in tree.find(parsed, "RangeVar")
    )
    for node in tree.find(parsed, "DropStmt"):
        for item in node.objects:
            parts = [part.string.sval for part in item.list.items]
            names[tree.quoted(*parts)] = None
    return tuple(names)


@lru_cache(maxsize=512)
def is_concurrent(statement: str) -> bool:
    """Whether any statement in the text is of the CONCURRENTLY kind."""
    parsed = tree.parse(statement)
    if parsed is None:
        return False
    return any(
        node.concurrent
        for kind in ("IndexStmt", "DropStmt", "PartitionCmd")
        for node in tree.find(parsed, kind)
    ) or any(
        item.def_elem.defname == "concurrently"
        for node in tree.find(parsed, "ReindexStmt")
        for item in node.params
    )


@lru_cache(maxsize=512)
def columns_in(expression: str) -> tuple[str, ...]:
    """The columns that an expression reads, each once; empty for what cannot be parsed."""
    parsed = tree.parse(f"SELECT {expression}") if expression else None
    if parsed is None:
        return ()
    fields = (node.fields[-1] for node in tree.find(parsed, "ColumnRef") if node.fields)
    return tuple(dict.fromkeys(field.string.sval for field in fields if field.string.sval))
