"""Whether a default is the same for every row, told from its tree alone."""

from safe_migrate.facts.statement import Volatility
from safe_migrate.plan.parse import tree
from safe_migrate.plan.parse.tree import Node

# pg_proc.provolatile of PostgreSQL 15 to 18, the worst of each name: a test asks the server.
STABLE = frozenset(
    {
        "age", "array_to_string", "concat", "concat_ws", "current_database", "current_schema",
        "current_setting", "date_trunc", "jsonb_build_array", "jsonb_build_object", "length",
        "now", "pg_current_xact_id", "pg_my_temp_schema", "statement_timestamp", "timezone",
        "to_char", "to_date", "to_jsonb", "to_timestamp", "transaction_timestamp",
        "txid_current",
    }
)  # fmt: skip
IMMUTABLE = frozenset(
    {
        "abs", "array_append", "array_cat", "array_fill", "btrim", "ceil", "ceiling",
        "char_length", "daterange", "decode", "encode", "floor", "initcap", "int4range",
        "int8range", "left", "lower", "lpad", "ltrim", "make_date", "make_interval",
        "make_time", "make_timestamp", "md5", "mod", "numrange", "power", "repeat", "replace",
        "right", "round", "rpad", "rtrim", "sha256", "sqrt", "string_to_array", "strpos",
        "substr", "substring", "trunc", "tsrange", "tstzrange", "upper",
    }
)  # fmt: skip
# CURRENT_TIMESTAMP and its like are a node of their own, SQLValueFunction: all are stable.


def of(default: Node) -> Volatility:
    """The worst of what an expression calls; a function that is not known may be volatile."""
    if default is None or not default.WhichOneof("node"):
        return Volatility.CONSTANT
    worst = Volatility.CONSTANT
    if tree.find(default, "SQLValueFunction"):
        worst = Volatility.STABLE
    for call in tree.find(default, "FuncCall"):
        names = tree.words(call.funcname)
        if len(names) > 1 and names[0] != "pg_catalog":
            return Volatility.VOLATILE
        if names[-1] in STABLE:
            worst = Volatility.STABLE
        elif names[-1] not in IMMUTABLE:
            return Volatility.VOLATILE
    return worst
