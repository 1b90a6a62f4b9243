"""May our role create tables, and alter those of the models?"""

from collections.abc import Iterator

from django.apps import apps

from safe_migrate.facts import Finding, Grade
from safe_migrate.pipeline.run import Run
from safe_migrate.postgres import catalog

CHECK = "rights"


def examine(run: Run) -> Iterator[Finding]:
    """Findings about the role that the run connects as."""
    facts = catalog.server_facts(run.session)
    user = run.session.info.user
    if not facts.may_create:
        schema = facts.schema or "public"
        yield Finding(
            check=CHECK,
            grade=Grade.FAIL,
            code="SM-E131",
            text=f"User {user!r} may not create tables in schema {schema!r}.",
            remedy=(f'GRANT CREATE ON SCHEMA "{schema}" TO "{user}";',),
        )
        return
    tables = [m._meta.db_table for m in apps.get_models(include_auto_created=True) if _ours(m)]
    others = catalog.tables_of_others(run.session, tables)
    if others:
        owner = others[0][1]
        named = ", ".join(table for table, _ in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        yield Finding(
            check=CHECK,
            grade=Grade.FAIL,
            code="SM-E132",
            text=f"User {user!r} does not own {named}{more} and may not alter them: "
            f"they belong to {owner!r}.",
            remedy=(f'GRANT "{owner}" TO "{user}";',),
        )
        return
    yield Finding(check=CHECK, grade=Grade.OK, text=f"user {user!r} may create and alter tables")


def _ours(model: type) -> bool:
    return bool(getattr(model, "_meta").managed)  # noqa: B009 (typed as a plain type)
