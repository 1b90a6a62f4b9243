"""SQL → what we need to know of it, by PostgreSQL's own parser; nothing else knows the parser."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from postgast import ParseResult

# The parser is imported with the first statement: it takes 0.2 s, which a run with nothing
# pending would pay for nothing.


@lru_cache(maxsize=512)
def relations(statement: str) -> tuple[str, ...]:
    """Names of the tables, views and indexes a statement mentions, schema-qualified as written.

    Empty for what cannot be parsed, such as SQL with Django's %s placeholders.
    """
    tree = _tree(statement)
    if tree is None:
        return ()
    import postgast
    from postgast import pg_query_pb2 as pb

    names: dict[str, None] = {}
    for node in postgast.find_nodes(tree, pb.RangeVar):
        names[_quoted(node.schemaname, node.relname)] = None
    for node in postgast.find_nodes(tree, pb.DropStmt):
        for item in node.objects:
            parts = [part.string.sval for part in item.list.items]
            names[_quoted(*parts)] = None
    return tuple(names)


@lru_cache(maxsize=512)
def is_concurrent(statement: str) -> bool:
    """Whether any statement in the text is of the CONCURRENTLY kind."""
    tree = _tree(statement)
    if tree is None:
        return False
    import postgast
    from postgast import pg_query_pb2 as pb

    return any(
        node.concurrent
        for kind in (pb.IndexStmt, pb.DropStmt, pb.PartitionCmd)
        for node in postgast.find_nodes(tree, kind)
    ) or any(
        item.def_elem.defname == "concurrently"
        for node in postgast.find_nodes(tree, pb.ReindexStmt)
        for item in node.params
    )


def _tree(statement: str) -> "ParseResult | None":
    import postgast

    try:
        return postgast.parse(statement)
    except postgast.PgQueryError:
        return None


def _quoted(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)
