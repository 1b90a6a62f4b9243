"""Statements that change rows: which, and whether it is known how many."""

from collections.abc import Iterator

from safe_migrate.facts.statement import Column, Kind, Statement
from safe_migrate.plan.parse import tree
from safe_migrate.plan.parse.tree import Node

_BOUND = "safe_migrate_bound"
"""A column's name that stands for {bound} while a tree is printed."""


def insert(node: Node, sql: str) -> Statement:
    """INSERT; that of VALUES reads no table."""
    table = tree.table_name(node.relation)
    query = node.select_stmt.select_stmt
    reads = tree.mentioned(query) if node.HasField("select_stmt") else ()
    limited = reads and query.HasField("limit_count")
    return Statement(
        sql=sql,
        kind=Kind.INSERT,
        table=table,
        tables=tree.mentioned(node, table),
        columns=_set(node.cols),
        reads=reads,
        condition=tree.expression(query.where_clause) if reads else "",
        bounded_by=("limit",) if limited else tuple(_bounds(query.where_clause)) if reads else (),
    )


def update(node: Node, sql: str) -> Statement:
    """UPDATE, with the tables of its FROM."""
    return _change(Kind.UPDATE, node, sql, node.from_clause)


def delete(node: Node, sql: str) -> Statement:
    """DELETE, with the tables of its USING."""
    return _change(Kind.DELETE, node, sql, node.using_clause)


def merge(node: Node, sql: str) -> Statement:
    """MERGE; its condition joins, and bounds nothing."""
    table = tree.table_name(node.relation)
    return Statement(
        sql=sql,
        kind=Kind.MERGE,
        table=table,
        tables=tree.mentioned(node, table),
        reads=tree.mentioned(node.source_relation),
    )


def _change(kind: Kind, node: Node, sql: str, others: list[Node]) -> Statement:
    table = tree.table_name(node.relation)
    return Statement(
        sql=sql,
        kind=kind,
        table=table,
        tables=tree.mentioned(node, table),
        columns=_set(node.target_list) if kind is Kind.UPDATE else (),
        reads=tuple(name for other in others for name in tree.mentioned(other)),
        condition=tree.expression(node.where_clause),
        bounded_by=tuple(_bounds(node.where_clause)),
        batched="" if others or node.HasField("with_clause") else _batched(node),
    )


def _set(targets: list[Node]) -> tuple[Column, ...]:
    names = dict.fromkeys(target.res_target.name for target in targets)
    return tuple(Column(name=name, type="") for name in names if name)


def _bounds(condition: Node) -> Iterator[str]:
    """Columns that every row in question has one of few values in, or one of a range."""
    message = tree.unwrap(condition)
    kind = tree.kind_of(message) if message is not None else ""
    if kind == "BoolExpr" and message.boolop == _enum(message, "boolop", "AND_EXPR"):
        for part in message.args:
            yield from _bounds(part)
    elif kind == "A_Expr" and _names_values(message):
        yield from _column(message.lexpr)
    elif kind == "SubLink" and message.subselect.select_stmt.HasField("limit_count"):
        yield from _column(message.testexpr)


def _names_values(comparison: Node) -> bool:
    kinds = [_enum(comparison, "kind", f"AEXPR_{kind}") for kind in ("OP", "IN", "BETWEEN")]
    if comparison.kind not in kinds or tree.words(comparison.name) not in (["="], ["BETWEEN"]):
        return False
    return not tree.find(comparison.rexpr, "ColumnRef")


def _column(node: Node) -> Iterator[str]:
    if node.WhichOneof("node") == "column_ref":
        yield node.column_ref.fields[-1].string.sval


def _enum(message: Node, field: str, name: str) -> int:
    values = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_name
    return int(values[name].number)


def _batched(node: Node) -> str:
    """The change for some rows at a time; the tree is printed, so its layout is the parser's."""
    import postgast
    from postgast import pg_query_pb2 as pb

    result = pb.ParseResult()
    field = "update_stmt" if tree.kind_of(node) == "UpdateStmt" else "delete_stmt"
    copy = getattr(result.stmts.add().stmt, field)
    copy.CopyFrom(node)
    bound = pb.Node()
    bound.column_ref.fields.add().string.sval = _BOUND
    if not node.HasField("where_clause"):
        copy.where_clause.CopyFrom(bound)
    else:
        copy.ClearField("where_clause")
        both = copy.where_clause.bool_expr
        both.boolop = pb.AND_EXPR
        both.args.add().CopyFrom(node.where_clause)
        both.args.add().CopyFrom(bound)
    return str(postgast.deparse(result)).replace(_BOUND, "{bound}")
