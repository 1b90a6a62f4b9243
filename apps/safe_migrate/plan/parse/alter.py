"""The subcommands of ALTER TABLE."""

from collections.abc import Callable

from safe_migrate.facts.statement import Action, ActionKind, Column
from safe_migrate.plan.parse import columns, tree, volatility
from safe_migrate.plan.parse.tree import Node

CASCADE = 2
"""DropBehavior DROP_CASCADE."""

_SIMPLE = {
    "DropNotNull": ActionKind.DROP_NOT_NULL,
    "SetNotNull": ActionKind.SET_NOT_NULL,
    "ValidateConstraint": ActionKind.VALIDATE_CONSTRAINT,
    "AlterConstraint": ActionKind.ALTER_CONSTRAINT,
    "DropColumn": ActionKind.DROP_COLUMN,
    "DropConstraint": ActionKind.DROP_CONSTRAINT,
    "SetExpression": ActionKind.SET_EXPRESSION,
    "DropExpression": ActionKind.DROP_EXPRESSION,
    "AddIdentity": ActionKind.IDENTITY,
    "SetIdentity": ActionKind.IDENTITY,
    "DropIdentity": ActionKind.IDENTITY,
    "SetLogged": ActionKind.REWRITES,
    "SetUnLogged": ActionKind.REWRITES,
    "SetAccessMethod": ActionKind.REWRITES,
    "SetTableSpace": ActionKind.REWRITES,
    "AddInherit": ActionKind.INHERIT,
    "DropInherit": ActionKind.INHERIT,
    "ChangeOwner": ActionKind.OWNER,
}
_STORAGE = ("SetStatistics", "SetOptions", "ResetOptions", "SetStorage", "SetCompression",
            "SetRelOptions", "ResetRelOptions", "ClusterOn", "DropCluster")  # fmt: skip


def action(command: Node) -> Action:
    """One subcommand."""
    name = _subtype(command)
    if name in _BUILDERS:
        return _BUILDERS[name](command)
    return Action(
        kind=_kind(name),
        name=command.name,
        option=name,
        restart=restart(getattr(command, "def").list.items),
        cascade=command.behavior == CASCADE,
    )


def restart(options: list[Node]) -> str:
    """The value of RESTART among the options of a sequence or identity; "start" for none."""
    for option in options:
        if option.def_elem.defname == "restart":
            return tree.value(option.def_elem.arg) or "start"
    return ""


def _kind(name: str) -> ActionKind:
    if name in _SIMPLE:
        return _SIMPLE[name]
    if name in _STORAGE:
        return ActionKind.STORAGE
    if name.endswith("RowSecurity"):
        return ActionKind.ROW_SECURITY
    if name.startswith(("Enable", "Disable")):
        return ActionKind.TRIGGERS
    return ActionKind.OTHER


def _subtype(command: Node) -> str:
    """AddColumn, for AT_AddColumn."""
    field = command.DESCRIPTOR.fields_by_name["subtype"]
    return str(field.enum_type.values_by_number[command.subtype].name.removeprefix("AT_"))


def _add_column(command: Node) -> Action:
    made = columns.column(_definition(command))
    return Action(kind=ActionKind.ADD_COLUMN, name=made.name, column=made)


def _alter_type(command: Node) -> Action:
    definition = _definition(command)
    made = Column(
        name=command.name,
        type=tree.type_name(definition.type_name),
        collation=".".join(tree.words(definition.coll_clause.collname)),
    )
    using = tree.expression(definition.raw_default)
    return Action(kind=ActionKind.ALTER_TYPE, name=command.name, column=made, using=using)


def _default(command: Node) -> Action:
    value = getattr(command, "def")
    if not value.WhichOneof("node"):
        return Action(kind=ActionKind.DROP_DEFAULT, name=command.name)
    return Action(
        kind=ActionKind.SET_DEFAULT,
        name=command.name,
        default=tree.expression(value),
        volatility=volatility.of(value),
    )


def _add_constraint(command: Node) -> Action:
    added = columns.constraint(getattr(command, "def").constraint)
    return Action(
        kind=ActionKind.ADD_CONSTRAINT, name=added.name if added else "", constraint=added
    )


def _partition(command: Node) -> Action:
    part = getattr(command, "def").partition_cmd
    attached = _subtype(command) == "AttachPartition"
    return Action(
        kind=ActionKind.ATTACH_PARTITION if attached else ActionKind.DETACH_PARTITION,
        name=tree.table_name(part.name),
        concurrent=part.concurrent,
    )


def _replica_identity(command: Node) -> Action:
    kinds = {"n": "nothing", "f": "full", "d": "default", "i": "index"}
    given = getattr(command, "def").replica_identity_stmt
    option = kinds.get(given.identity_type, "")
    return Action(kind=ActionKind.REPLICA_IDENTITY, name=given.name, option=option)


def _definition(command: Node) -> Node:
    return getattr(command, "def").column_def


_BUILDERS: dict[str, Callable[[Node], Action]] = {
    "AddColumn": _add_column,
    "AlterColumnType": _alter_type,
    "ColumnDefault": _default,
    "AddConstraint": _add_constraint,
    "AttachPartition": _partition,
    "DetachPartition": _partition,
    "DetachPartitionFinalize": _partition,
    "ReplicaIdentity": _replica_identity,
}
