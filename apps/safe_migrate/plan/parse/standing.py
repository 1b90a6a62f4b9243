"""Statements that change no table's shape: locks, settings, rights, functions, sequences."""

from safe_migrate.facts.statement import Kind, Statement
from safe_migrate.plan.parse import alter, tree
from safe_migrate.plan.parse.tree import Node

_MODES = ("", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
          "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")  # fmt: skip
"""Lock modes by their numbers (lockdefs.h)."""


def _on_tables(node: Node, sql: str, kind: Kind, mode: str = "", name: str = "") -> Statement:
    tables = tree.mentioned(node)
    first = tables[0] if tables else ""
    return Statement(sql=sql, kind=kind, table=first, tables=tables, mode=mode, name=name)


def _lock(node: Node, sql: str) -> Statement:
    return _on_tables(node, sql, Kind.LOCK, _MODES[node.mode])


def _truncate(node: Node, sql: str) -> Statement:
    tables = tree.mentioned(node)
    return Statement(
        sql=sql,
        kind=Kind.TRUNCATE,
        table=tables[0],
        tables=tables,
        restart="start" if node.restart_seqs else "",
        cascade=node.behavior == alter.CASCADE,
    )


def _select(node: Node, sql: str) -> Statement:
    tables = tree.mentioned(node)
    calls = dict.fromkeys(tree.words(call.funcname)[-1] for call in tree.find(node, "FuncCall"))
    return Statement(
        sql=sql,
        kind=Kind.SELECT,
        table=tables[0] if tables else "",
        tables=tables,
        reads=tables,
        calls=tuple(calls),
    )


def _transaction(node: Node, sql: str) -> Statement:
    return Statement(sql=sql, kind=Kind.TRANSACTION, mode=_word(node, "kind", "TRANS_STMT_"))


def _set(node: Node, sql: str) -> Statement:
    values = ", ".join(tree.value(argument) for argument in node.args)
    return Statement(
        sql=sql,
        kind=Kind.SET,
        name=node.name,
        new_name=values,
        mode="local" if node.is_local else "session",
        object=_word(node, "kind", "VAR_"),
    )


def _grant(node: Node, sql: str) -> Statement:
    return _on_tables(node, sql, Kind.GRANT, "grant" if node.is_grant else "revoke")


def _policy(node: Node, sql: str) -> Statement:
    restricts = tree.kind_of(node) == "CreatePolicyStmt" and not node.permissive
    mode = "restrictive" if restricts else "permissive"
    return _on_tables(node, sql, Kind.POLICY, mode, node.policy_name)


def _publication(node: Node, sql: str) -> Statement:
    created = tree.kind_of(node) == "CreatePublicationStmt"
    mode = "add" if created else _word(node, "action", "AP_").removesuffix("objects")
    found = _on_tables(node, sql, Kind.PUBLICATION, mode, node.pubname)
    every = node.for_all_tables or any(
        not item.publication_obj_spec.HasField("pubtable") for item in node.pubobjects
    )
    return Statement(
        sql=sql, kind=found.kind, table=found.table, tables=found.tables, mode=mode,
        name=found.name, object="all tables" if every else "table",
    )  # fmt: skip


def _function(node: Node, sql: str) -> Statement:
    name = tree.quoted(*tree.words(node.funcname))
    return Statement(sql=sql, kind=Kind.CREATE_FUNCTION, name=name, replaces=node.replace)


def _sequence(node: Node, sql: str) -> Statement:
    return Statement(
        sql=sql,
        kind=Kind.ALTER_SEQUENCE,
        name=tree.table_name(node.sequence),
        restart=alter.restart(node.options),
    )


def _constraints(node: Node, sql: str) -> Statement:
    names = tuple(tree.table_name(item.range_var) for item in node.constraints)
    mode = "deferred" if node.deferred else "immediate"
    return Statement(sql=sql, kind=Kind.SET_CONSTRAINTS, mode=mode, calls=names)


def _word(node: Node, field: str, prefix: str) -> str:
    """commit, for TRANS_STMT_COMMIT."""
    values = node.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return str(values[getattr(node, field)].name.removeprefix(prefix).lower())


BUILDERS = {
    "LockStmt": _lock,
    "TruncateStmt": _truncate,
    "SelectStmt": _select,
    "TransactionStmt": _transaction,
    "VariableSetStmt": _set,
    "GrantStmt": _grant,
    "CreatePolicyStmt": _policy,
    "AlterPolicyStmt": _policy,
    "CreatePublicationStmt": _publication,
    "AlterPublicationStmt": _publication,
    "ConstraintsSetStmt": _constraints,
    "CreateFunctionStmt": _function,
    "AlterSeqStmt": _sequence,
}
