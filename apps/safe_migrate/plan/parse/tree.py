"""The parser itself, PostgreSQL's own by postgast: text to trees, and pieces of trees to text.

It is imported with the first statement: that takes 0.2 s, which a run with nothing pending would
pay for nothing.
"""

from functools import lru_cache
from typing import Any

Node = Any
"""A protobuf message of libpg_query; its wheel's types do not parse."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of one or more statements, or None for what PostgreSQL could not read either."""
    import postgast

    try:
        return postgast.parse(text)
    except postgast.PgQueryError:
        return None


def find(tree: Node, kind: str) -> list[Node]:
    """Every node of a kind (SelectStmt, RangeVar …) below a tree."""
    import postgast
    from postgast import pg_query_pb2 as pb

    return list(postgast.find_nodes(tree, getattr(pb, kind)))


def split(tree: Node, text: str) -> list[tuple[Node, str]]:
    """Each statement of a tree: what it is, and its own words."""
    encoded = text.encode()
    found = []
    for raw in tree.stmts:
        end = raw.stmt_location + raw.stmt_len if raw.stmt_len else len(encoded)
        words = encoded[raw.stmt_location : end].decode().strip()
        found.append((unwrap(raw.stmt), words))
    return found


def unwrap(node: Node) -> Node:
    """The message in a Node, which is a choice of one of all kinds."""
    kind = node.WhichOneof("node")
    return getattr(node, kind) if kind else None


def kind_of(message: Node) -> str:
    """The name of a message's kind: AlterTableStmt."""
    return str(message.DESCRIPTOR.name)


def words(nodes: Node) -> list[str]:
    """The strings in a list of String nodes."""
    return [node.string.sval for node in nodes]


def quoted(*parts: str) -> str:
    """A name as the catalog functions take it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)


def table_name(range_var: Node) -> str:
    """A table as written: schema only where it was given."""
    return quoted(range_var.schemaname, range_var.relname) if range_var.relname else ""


def mentioned(node: Node, first: str = "") -> tuple[str, ...]:
    """Every table below a node, that one first."""
    names = dict.fromkeys([first] if first else [])
    names |= dict.fromkeys(table_name(found) for found in find(node, "RangeVar"))
    return tuple(name for name in names if name)


def literals(node: Node) -> tuple[str, ...]:
    """The texts below a node, each once."""
    texts = (
        found.sval.sval for found in find(node, "A_Const") if found.WhichOneof("val") == "sval"
    )
    return tuple(dict.fromkeys(texts))


def value(node: Node) -> str:
    """A number, text or name as an option has it; empty for none."""
    message = unwrap(node)
    kind = kind_of(message) if message is not None else ""
    if kind == "Integer":
        return str(message.ival)
    if kind == "Float":
        return str(message.fval)
    if kind == "String":
        return str(message.sval)
    if kind == "TypeName":
        return ".".join(words(message.names))
    if kind == "A_Const":
        chosen = message.WhichOneof("val")
        inner = getattr(message, chosen) if chosen else None
        return str(getattr(inner, chosen)) if chosen else ""
    return ""


def expression(node: Node) -> str:
    """An expression as SQL; empty for none."""
    if node is None or not node.WhichOneof("node"):
        return ""
    statement, select = _select()
    select.target_list.add().res_target.val.CopyFrom(node)
    return _deparsed(statement, "SELECT ")


def concurrently(node: Node) -> str:
    """CREATE INDEX or DROP INDEX as SQL that does the same CONCURRENTLY."""
    from postgast import pg_query_pb2 as pb

    statement = pb.ParseResult()
    made = statement.stmts.add().stmt
    part = made.index_stmt if kind_of(node) == "IndexStmt" else made.drop_stmt
    part.CopyFrom(node)
    part.concurrent = True
    return _deparsed(statement, "")


def table_constraint(node: Node) -> str:
    """A constraint as ALTER TABLE … ADD takes it, without its name and as if it were validated."""
    statement = parse("ALTER TABLE t ADD CHECK (true)")
    copy = type(statement)()
    copy.CopyFrom(statement)
    added = getattr(copy.stmts[0].stmt.alter_table_stmt.cmds[0].alter_table_cmd, "def").constraint
    added.CopyFrom(node)
    added.conname = ""
    added.skip_validation = False
    added.initially_valid = True
    return _deparsed(copy, "ALTER TABLE t ADD ")


def type_name(node: Node) -> str:
    """A type as SQL, with its modifiers: varchar(20)."""
    if not node.names:
        return ""
    statement, select = _select()
    cast = select.target_list.add().res_target.val.type_cast
    cast.type_name.CopyFrom(node)
    cast.arg.a_const.isnull = True
    return _deparsed(statement, "SELECT NULL::")


def _select() -> tuple[Node, Node]:
    from postgast import pg_query_pb2 as pb

    statement = pb.ParseResult()
    select = statement.stmts.add().stmt.select_stmt
    select.limit_option = pb.LIMIT_OPTION_DEFAULT
    select.op = pb.SETOP_NONE
    return statement, select


def _deparsed(statement: Node, prefix: str) -> str:
    import postgast

    return str(postgast.deparse(statement)).removeprefix(prefix)
