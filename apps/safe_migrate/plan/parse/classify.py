"""A statement's tree as a facts.statement.Statement. What is not known here stays UNKNOWN."""

from collections.abc import Callable
from dataclasses import replace

from safe_migrate.facts.statement import Column, Constraint, Kind, Statement
from safe_migrate.plan.parse import alter, columns, rows, standing, tree
from safe_migrate.plan.parse.alter import CASCADE
from safe_migrate.plan.parse.tree import Node


def statement(node: Node, sql: str) -> Statement:
    """The typed view of one statement."""
    found = _statement(node, sql)
    # Only a text with a quote has literals; to look for them costs as much as the rest.
    return replace(found, literals=tree.literals(node)) if "'" in sql and node else found


def _statement(node: Node, sql: str) -> Statement:
    name = tree.kind_of(node) if node is not None else ""
    build = _BUILDERS.get(name)
    if build:
        return build(node, sql)
    kind = _PLAIN.get(name, Kind.UNKNOWN)
    mentioned = tree.mentioned(node) if node is not None else ()
    return Statement(sql=sql, kind=kind, table=mentioned[0] if mentioned else "", tables=mentioned)


def _alter_table(node: Node, sql: str) -> Statement:
    table = tree.table_name(node.relation)
    if _object_type(node, "objtype") != "TABLE":
        other = _object_type(node, "objtype").lower()
        kind = Kind.ALTER_SEQUENCE if other == "sequence" else Kind.STATISTICS
        kind = Kind.ALTER_TYPE if other == "type" else kind
        return Statement(sql=sql, kind=kind, name=table, object=other)
    actions = tuple(alter.action(item.alter_table_cmd) for item in node.cmds)
    return Statement(
        sql=sql,
        kind=Kind.ALTER_TABLE,
        table=table,
        tables=tree.mentioned(node, table),
        actions=actions,
        if_exists=node.missing_ok,
    )


def _create_table(node: Node, sql: str) -> Statement:
    table = tree.table_name(node.relation)
    made: list[Column] = []
    added: list[Constraint] = []
    for element in node.table_elts:
        message = tree.unwrap(element)
        if tree.kind_of(message) == "ColumnDef":
            made.append(columns.column(message))
        elif tree.kind_of(message) == "Constraint" and (found := columns.constraint(message)):
            added.append(found)
    return Statement(
        sql=sql,
        kind=Kind.CREATE_TABLE,
        table=table,
        tables=tree.mentioned(node, table),
        columns=tuple(made),
        constraints=tuple(added),
        partition_of=_parent(node),
        if_exists=node.if_not_exists,
    )


def _parent(node: Node) -> str:
    if not node.HasField("partbound"):
        return ""
    return tree.table_name(node.inh_relations[0].range_var)


def _create_index(node: Node, sql: str) -> Statement:
    table = tree.table_name(node.relation)
    elements = [item.index_elem for item in node.index_params]
    return Statement(
        sql=sql,
        kind=Kind.CREATE_INDEX,
        table=table,
        tables=(table,),
        name=node.idxname,
        columns=tuple(Column(name=element.name, type="") for element in elements if element.name),
        expressions=any(not element.name for element in elements),
        concurrent=node.concurrent,
        unique=node.unique,
        method=node.access_method or "btree",
        condition=tree.expression(node.where_clause),
        if_exists=node.if_not_exists,
        keys=tuple(
            tree.quoted(each.name) if each.name else tree.expression(each.expr) for each in elements
        ),
        nulls_not_distinct=node.nulls_not_distinct,
        concurrently="" if node.concurrent else tree.concurrently(node),
    )


def _drop(node: Node, sql: str) -> Statement:
    what = _object_type(node, "remove_type").lower()
    names = tuple(_dropped(item) for item in node.objects)
    kind = {"table": Kind.DROP_TABLE, "index": Kind.DROP_INDEX}.get(what, Kind.DROP)
    # A trigger, policy or rule is named after its table: schema, table, name.
    on_table = what in ("trigger", "policy", "rule")
    tables = names if what in ("table", "view", "matview") else ()
    if on_table:
        tables = tuple(tree.quoted(*_parts(item)[:-1]) for item in node.objects)
    return Statement(
        sql=sql,
        kind=kind,
        table=tables[0] if tables else "",
        tables=tables,
        name=names[0] if names else "",
        object=what,
        concurrent=node.concurrent,
        cascade=node.behavior == CASCADE,
        if_exists=node.missing_ok,
        concurrently=tree.concurrently(node) if _may_be_concurrent(node, kind) else "",
    )


def _may_be_concurrent(node: Node, kind: Kind) -> bool:
    """DROP INDEX CONCURRENTLY takes one name and no CASCADE (manual, DROP INDEX)."""
    alone = len(node.objects) == 1 and node.behavior != CASCADE
    return kind is Kind.DROP_INDEX and alone and not node.concurrent


def _dropped(item: Node) -> str:
    return tree.quoted(*_parts(item))


def _parts(item: Node) -> list[str]:
    message = tree.unwrap(item)
    kind = tree.kind_of(message)
    if kind == "List":
        return [part.string.sval for part in message.items if part.WhichOneof("node") == "string"]
    if kind == "String":
        return [message.sval]
    if kind == "TypeName":
        return tree.words(message.names)
    if kind == "ObjectWithArgs":
        return tree.words(message.objname)
    return []


def _rename(node: Node, sql: str) -> Statement:
    what = _object_type(node, "rename_type").lower().removeprefix("tab")
    table = tree.table_name(node.relation)
    is_table = what in ("table", "le", "column", "constraint", "view", "matview")
    return Statement(
        sql=sql,
        kind=Kind.RENAME,
        table=table if is_table else "",
        tables=(table,) if is_table else (),
        name=node.subname or table,
        new_name=node.newname,
        object="table" if what in ("le", "table") else what,
        if_exists=node.missing_ok,
    )


def _vacuum(node: Node, sql: str) -> Statement:
    options = {option.def_elem.defname.lower() for option in node.options}
    tables = tuple(tree.table_name(rel.vacuum_relation.relation) for rel in node.rels)
    kind = Kind.VACUUM_FULL if "full" in options else Kind.MAINTENANCE
    what = "vacuum" if node.is_vacuumcmd else "analyze"
    first = tables[0] if tables else ""
    return Statement(sql=sql, kind=kind, table=first, tables=tables, object=what)


def _reindex(node: Node, sql: str) -> Statement:
    concurrent = any(item.def_elem.defname == "concurrently" for item in node.params)
    named = tree.table_name(node.relation)
    field = node.DESCRIPTOR.fields_by_name["kind"]
    what = field.enum_type.values_by_number[node.kind].name.removeprefix("REINDEX_OBJECT_").lower()
    tables = (named,) if what == "table" and named else ()
    return Statement(
        sql=sql,
        kind=Kind.REINDEX,
        table=named if tables else "",
        tables=tables,
        name=named or node.name,
        object=what,
        concurrent=concurrent,
    )


def _refresh(node: Node, sql: str) -> Statement:
    table = tree.table_name(node.relation)
    return Statement(
        sql=sql, kind=Kind.REFRESH, table=table, tables=(table,), concurrent=node.concurrent
    )


def _trigger(node: Node, sql: str) -> Statement:
    table = tree.table_name(node.relation)
    return Statement(
        sql=sql,
        kind=Kind.CREATE_TRIGGER,
        table=table,
        tables=(table,),
        name=node.trigname,
        calls=(tree.quoted(*tree.words(node.funcname)),),
        replaces=node.replace,
    )


def _extension(node: Node, sql: str) -> Statement:
    return Statement(
        sql=sql, kind=Kind.CREATE_EXTENSION, name=node.extname, if_exists=node.if_not_exists
    )


def _comment(node: Node, sql: str) -> Statement:
    what = _object_type(node, "objtype").lower()
    parts = _parts(node.object)
    on_table = parts[:-1] if what in ("column", "tabconstraint") else parts
    is_table = what in ("table", "column", "tabconstraint")
    table = tree.quoted(*on_table) if is_table else ""
    return Statement(
        sql=sql, kind=Kind.COMMENT, table=table, tables=(table,) if table else (), object=what
    )


def _enum(node: Node, sql: str) -> Statement:
    return Statement(
        sql=sql,
        kind=Kind.ALTER_TYPE,
        name=tree.quoted(*tree.words(node.type_name)),
        new_name=node.new_val,
        object="enum value" if not node.old_val else "renamed enum value",
        if_exists=node.skip_if_new_val_exists,
    )


def _new_enum(node: Node, sql: str) -> Statement:
    name = tree.quoted(*tree.words(node.type_name))
    return Statement(sql=sql, kind=Kind.CREATE_TYPE, name=name, object="enum")


def _define(node: Node, sql: str) -> Statement:
    what = _object_type(node, "kind").lower()
    kind = Kind.CREATE_COLLATION if what == "collation" else Kind.CREATE_TYPE
    given = {item.def_elem.defname: tree.value(item.def_elem.arg) for item in node.definition}
    return Statement(
        sql=sql,
        kind=kind,
        name=tree.quoted(*tree.words(node.defnames)),
        object=what,
        method=given.get("provider", ""),
    )


def _object_type(node: Node, attribute: str) -> str:
    """TABLE, for OBJECT_TABLE."""
    field = node.DESCRIPTOR.fields_by_name[attribute]
    number = getattr(node, attribute)
    return str(field.enum_type.values_by_number[number].name.removeprefix("OBJECT_"))


_BUILDERS: dict[str, Callable[[Node, str], Statement]] = {
    "AlterTableStmt": _alter_table,
    "CreateStmt": _create_table,
    "IndexStmt": _create_index,
    "DropStmt": _drop,
    "RenameStmt": _rename,
    "InsertStmt": rows.insert,
    "UpdateStmt": rows.update,
    "DeleteStmt": rows.delete,
    "MergeStmt": rows.merge,
    "VacuumStmt": _vacuum,
    "ReindexStmt": _reindex,
    "RefreshMatViewStmt": _refresh,
    "CreateTrigStmt": _trigger,
    "CreateExtensionStmt": _extension,
    "CommentStmt": _comment,
    "AlterEnumStmt": _enum,
    "CreateEnumStmt": _new_enum,
    "DefineStmt": _define,
    **standing.BUILDERS,
}

_PLAIN = {
    "ViewStmt": Kind.CREATE_VIEW,
    "CreateTableAsStmt": Kind.CREATE_VIEW,
    "CreateSchemaStmt": Kind.CREATE_SCHEMA,
    "CreateSeqStmt": Kind.CREATE_SEQUENCE,
    "CreateDomainStmt": Kind.CREATE_TYPE,
    "CompositeTypeStmt": Kind.CREATE_TYPE,
    "CreateRangeStmt": Kind.CREATE_TYPE,
    "CreateStatsStmt": Kind.STATISTICS,
    "ClusterStmt": Kind.CLUSTER,
    "DoStmt": Kind.CODE,
    "CallStmt": Kind.CODE,
    "GrantRoleStmt": Kind.GRANT,
}
