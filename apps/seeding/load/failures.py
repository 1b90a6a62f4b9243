"""What went wrong with which row: the seed, the factory, the field and the values, in one place."""

import traceback
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import Model
from factory import builder

from safe_migrate.errors import Failed, LockNotObtained, SafeMigrateError
from seeding import anatomy
from seeding.declare import AnyFactory

PLAN = "python manage.py seed --plan"
AGAIN = "python manage.py seed"
_UNIQUE, _LOCK_TIMEOUT = "23505", "55P03"


def where(seed: str, factory: AnyFactory, number: int) -> str:
    """The row, as messages name it; rows are counted from 1."""
    model = anatomy.model_of(factory)._meta.label
    return f"The seed {seed}: row {number:,} of {factory.__name__} ({model})"


def explain(
    place: str, factory: AnyFactory, error: Exception, row: Model | None = None
) -> SafeMigrateError:
    """The failure for whatever making or writing the row raised."""
    if isinstance(error, SafeMigrateError):
        return error
    if isinstance(error, DatabaseError | InterfaceError):
        return _write_failed(place, factory, error, row)
    return _build_failed(place, factory, error)


def _build_failed(place: str, factory: AnyFactory, error: Exception) -> Failed:
    """The factory itself raised."""
    field = _field(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, StopIteration):
        said = "its Iterator has no value"
    return Failed(
        "SD-303",
        f"{place} could not be made{f', field {field}' if field else ''}: {said}\n"
        f"In {frame.name}, line {frame.lineno} of {frame.filename.rpartition('/')[2]}",
        next=(f"Mend {factory.__name__}{f'.{field}' if field else ''}.", AGAIN),
    )


def _field(error: Exception) -> str:
    """The field whose value was being computed: factory_boy's resolver knows it by a local name."""
    code = builder.Resolver.__getattr__.__code__
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code is code:
            return str(frame.f_locals["name"])
    return ""


def _write_failed(
    place: str, factory: AnyFactory, error: Exception, row: Model | None
) -> SafeMigrateError:
    """PostgreSQL refused the row, or could not be asked."""
    if lost := connection_failed(error):
        return lost
    diagnosis = getattr(error.__cause__, "diag", None)
    detail = str(getattr(diagnosis, "message_detail", "") or "").strip()
    constraint = getattr(diagnosis, "constraint_name", None)
    if sqlstate(error) == _UNIQUE:
        return Failed(
            "SD-301",
            f"{place} collides with a row that is there.\nConstraint {constraint}: {detail}",
            next=(
                f"Make the value unique in {factory.__name__}: factory.Sequence(lambda n: …).",
                f"Where two seeds share the factory: s.number_from({factory.__name__}, 1_000_000)",
                AGAIN,
            ),
        )
    said = str(getattr(diagnosis, "message_primary", "") or error).strip()
    lines = [f"{place} was not accepted: {said} (SQLSTATE {sqlstate(error)})"]
    if detail:
        lines.append(detail)
    if row is not None:
        lines += _too_long(row)
    return Failed("SD-302", "\n".join(lines), next=(f"Mend {factory.__name__}.", AGAIN))


def _too_long(row: Model) -> list[str]:
    """PostgreSQL does not say which column a string is too long for."""
    return [
        f"Field {field.name} holds {len(value)} characters, at most {field.max_length} fit: "
        f"{value[:60]!r}"
        for field in row._meta.concrete_fields
        if isinstance(value := getattr(row, field.attname), str)
        and isinstance(field.max_length, int)
        and len(value) > field.max_length
    ]


def connection_failed(error: Exception) -> SafeMigrateError | None:
    """The failures that say nothing about the row."""
    code = sqlstate(error)
    if code == _LOCK_TIMEOUT:
        return LockNotObtained(
            "SD-307",
            "A row or a table was locked by another session for too long.",
            state="The database is unchanged: the transaction was rolled back.",
            next=("python manage.py safe_doctor", AGAIN),
        )
    lost = isinstance(error, OperationalError) and (not code or code[:2] == "08")
    if lost or isinstance(error, InterfaceError) or code[:3] == "57P":
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Failed(
            "SD-306",
            f"The connection to the server was lost: {said}",
            state="The database is unchanged: PostgreSQL rolls back what was not committed.",
            next=("python manage.py safe_doctor", AGAIN),
        )
    return None


def sqlstate(error: BaseException) -> str:
    """The code of what PostgreSQL said, empty where it said nothing."""
    return str(getattr(error.__cause__, "sqlstate", None) or "")


def pool_too_small(place: str, field: str, model: type[Model], problem: str) -> Failed:
    """There is nothing to draw."""
    return Failed(
        "SD-304",
        f"{place}: field {field} takes {model._meta.label} from a pool, {problem}.",
        next=(
            f"Let a seed or a fixture make {model._meta.label} first, or ask for fewer rows.",
            PLAN,
        ),
    )


def constraint_failed(seed: str, error: DatabaseError) -> SafeMigrateError:
    """A deferred constraint, checked once the seed's rows are all there."""
    if lost := connection_failed(error):
        return lost
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    detail = str(getattr(diagnosis, "message_detail", "") or error).strip()
    return Failed(
        "SD-308",
        f"The seed {seed}: its rows break the constraint "
        f"{getattr(diagnosis, 'constraint_name', None)}.\n{detail}",
        next=(f"Mend the factories of {seed}.", AGAIN),
    )
