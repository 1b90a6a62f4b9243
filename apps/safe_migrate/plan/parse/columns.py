"""Columns and constraints as CREATE TABLE and ALTER TABLE define them."""

from collections.abc import Iterable
from dataclasses import replace

from safe_migrate.facts.statement import Column, Constraint, ConstraintKind, Volatility
from safe_migrate.plan.parse import tree, volatility
from safe_migrate.plan.parse.tree import Node

_SERIAL = frozenset({"smallserial", "serial", "bigserial", "serial2", "serial4", "serial8"})


def column(definition: Node) -> Column:
    """A column with everything that is written beside it."""
    beside = [node.constraint for node in definition.constraints]
    kinds = [_kind(each) for each in beside]
    default = next((each.raw_expr for each in beside if _kind(each) == "DEFAULT"), None)
    generated = [each for each in beside if _kind(each) == "GENERATED"]
    type_ = tree.type_name(definition.type_name)
    serial = type_ in _SERIAL
    return Column(
        name=definition.colname,
        type=type_,
        collation=".".join(tree.words(definition.coll_clause.collname)),
        not_null=serial or "NOTNULL" in kinds or "PRIMARY" in kinds,
        default=f"nextval({type_})" if serial else tree.expression(default),
        volatility=Volatility.VOLATILE if serial else volatility.of(default),
        generated=_generated(generated[0]) if generated else "",
        identity="IDENTITY" in kinds,
        constraints=tuple(_with_deferrable(beside, definition.colname)),
    )


def _generated(node: Node) -> str:
    return "virtual" if node.generated_kind == "v" else "stored"


def _with_deferrable(beside: list[Node], name: str) -> Iterable[Constraint]:
    """DEFERRABLE is a node of its own after the constraint that it belongs to."""
    previous: Node | None = None
    for each in beside:
        if _kind(each) in ("ATTR_DEFERRABLE", "ATTR_DEFERRED") and previous is not None:
            previous.deferrable = True
            previous.initdeferred = _kind(each) == "ATTR_DEFERRED"
            continue
        if previous is not None and (made := constraint(previous)):
            yield replace(made, columns=made.columns or (name,))
        previous = _of_table(each, name)
    if previous is not None and (made := constraint(previous)):
        yield replace(made, columns=made.columns or (name,))


def _of_table(beside: Node, name: str) -> Node:
    """A column's constraint as the table's."""
    made = type(beside)()
    made.CopyFrom(beside)
    if _kind(made) == "FOREIGN":
        made.fk_attrs.add().string.sval = name
    elif _kind(made) in ("PRIMARY", "UNIQUE"):
        made.keys.add().string.sval = name
    return made


_KINDS = {
    "CHECK": ConstraintKind.CHECK,
    "EXCLUSION": ConstraintKind.EXCLUSION,
    "FOREIGN": ConstraintKind.FOREIGN_KEY,
    "NOTNULL": ConstraintKind.NOT_NULL,
    "PRIMARY": ConstraintKind.PRIMARY_KEY,
    "UNIQUE": ConstraintKind.UNIQUE,
}


def constraint(node: Node) -> Constraint | None:
    """A constraint; None for what is none, such as DEFAULT. A column's NOT NULL is told there."""
    kind = _KINDS.get(_kind(node))
    if kind is None or (kind is ConstraintKind.NOT_NULL and not node.keys and not node.conname):
        return None
    keys = node.fk_attrs if kind is ConstraintKind.FOREIGN_KEY else node.keys
    return Constraint(
        kind=kind,
        name=node.conname,
        columns=tuple(tree.words(keys)),
        references=tree.table_name(node.pktable),
        referenced_columns=tuple(tree.words(node.pk_attrs)),
        expression=tree.expression(node.raw_expr),
        not_valid=node.skip_validation,
        using_index=node.indexname,
        deferrable=node.deferrable,
        initially_deferred=node.initdeferred,
        include=tuple(tree.words(node.including)),
        nulls_not_distinct=node.nulls_not_distinct,
        definition=tree.table_constraint(node),
    )


def _kind(node: Node) -> str:
    """CHECK, for CONSTR_CHECK."""
    field = node.DESCRIPTOR.fields_by_name["contype"]
    return str(field.enum_type.values_by_number[node.contype].name.removeprefix("CONSTR_"))
