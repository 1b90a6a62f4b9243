"""What hazards of type changes share: which change it is, and how it is told. Pure."""

from safe_migrate.facts.danger import Situation
from safe_migrate.facts.statement import Action
from safe_migrate.hazards.column_types import Change, change
from safe_migrate.hazards.fields import old_type


def changed(situation: Situation, action: Action) -> Change:
    """What PostgreSQL does to the table for an ALTER COLUMN TYPE; where it is not known, rewrite.

    An expression of its own in USING is computed for each row. So is a cast: but one that only
    relabels the value is seen through.
    """
    old, column = old_type(situation, action), action.column
    if column is None or not old:
        return Change.REWRITE
    if not is_cast(action):
        return Change.REWRITE
    utc = situation.database.time_zone.upper() in ("UTC", "ETC/UTC")
    found = change(old, column.type, utc=utc)
    if found is Change.NONE and column.collation:
        return Change.INDEXES
    return found


def is_cast(action: Action) -> bool:
    """Whether USING says no more than the type: Django writes USING "c"::type."""
    if not action.using or action.column is None:
        return True
    value = action.using.removesuffix(f"::{action.column.type}")
    return value.replace('"', "") == action.name


def altered(situation: Situation, action: Action) -> str:
    """ "integer to bigint"; what is not known is left open."""
    new = action.column.type if action.column else ""
    return f"{old_type(situation, action) or 'its type'} to {new}"
