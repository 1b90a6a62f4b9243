"""Somebody holds what we need: ACCESS EXCLUSIVE on a table, a session that will not end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.fault import Act, Fault
from tests.faults.runner import Trial

NAME = "locks"


@contextmanager
def held(trial: Trial, statement: str, seconds: float) -> Iterator[None]:
    """A transaction that has run this statement, for so long."""
    subject = trial.subject
    with subject.world.server.connect(subject.database) as holder:
        holder.execute(b"BEGIN")
        holder.execute(statement.encode())
        over = threading.Event()

        def leave() -> None:
            if not over.is_set():
                over.set()
                holder.close()

        timer = threading.Timer(seconds, leave)
        timer.start()
        trial.lift = leave
        try:
            yield
        finally:
            timer.cancel()
            leave()


def faults() -> Iterator[Fault]:
    """Until after our patience, and only for a moment."""
    statements = {
        "ACCESS EXCLUSIVE on a table": "LOCK TABLE print IN ACCESS EXCLUSIVE MODE",
        "a table being dropped": "DROP TABLE shelf_book",
        "a view being dropped": "DROP VIEW prolific",
        "a schema being changed": "ALTER TABLE author ADD COLUMN more text",
    }
    for name, statement in statements.items():
        for seconds in (0.4, 6.0):
            for command in ("create", "migrate"):
                yield Fault(
                    family=NAME,
                    name=f"{name} for {seconds} s, {command}",
                    act=Act.MAKING,
                    inject=partial(held, statement=statement, seconds=seconds),
                    command=command,
                )
    yield Fault(
        family=NAME,
        name="ACCESS EXCLUSIVE on a table for 6 s, restore",
        act=Act.RESTORING,
        inject=partial(held, statement=statements["ACCESS EXCLUSIVE on a table"], seconds=6.0),
    )
