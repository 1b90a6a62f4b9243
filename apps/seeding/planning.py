"""From seed functions, settings and ledger to a plan. Reads, and writes nothing."""

from collections.abc import Sequence

from safe_migrate.errors import Refused, UsageError
from seeding import definition, discover, fresh, ledger, order, reference
from seeding.api import Kind
from seeding.conf import Profile
from seeding.plan import Item, Plan, action_of, state_of
from seeding.run import Run
from seeding.seed import Seed, declare
from seeding.spelling import suggestion


def make(run: Run) -> Plan:
    """What this run would do."""
    chosen = [] if run.options.reference_only else _chosen(run)
    only = [seed.name for seed in chosen] if run.options.only else None
    undone: dict[str, ledger.Entry] = {}
    tables: set[str] = set()
    if run.options.fresh:
        undone, tables = fresh.entries_of(run.entries, only)
    known = fresh.references(run.own, tables)
    rows = fresh.existing(run.own, tables)
    items = [
        *(_fixture(run, name, tables) for name in run.conf.reference),
        *(_seed(run, seed, seed.name in undone) for seed in chosen),
    ]
    return Plan(
        items=tuple(items),
        empties={table: rows[table] for table in fresh.arrange(rows, known)},
        forgets=tuple(undone),
    )


def _chosen(run: Run) -> list[Seed]:
    """The seeds of this run in their order."""
    found = discover.find()
    profile = run.profile or Profile()
    _require_known(profile.seeds or (), [*found], 'SEEDING["PROFILES"]')
    declared = {name: declare(name, one, profile.scale_of(name)) for name, one in found.items()}
    arranged = [
        seed
        for seed in order.arrange(declared)
        if profile.chooses(seed.name) and _belongs(seed, run.connection.alias)
    ]
    if not run.options.only:
        return arranged
    names, unknown = order.matching(run.options.only, [seed.name for seed in arranged])
    if unknown:
        known = {word for seed in arranged for word in (seed.name, seed.name.partition(".")[0])}
        raise UsageError(
            "SD-110",
            f"--only {unknown} is no seed of {run.tool.environment.value}. "
            f"{suggestion(unknown, known)}",
            next="python manage.py seed --plan",
        )
    return [seed for seed in arranged if seed.name in names]


def _require_known(words: Sequence[str], names: Sequence[str], where: str) -> None:
    _, unknown = order.matching(words, names)
    if unknown:
        raise Refused(
            "SD-223",
            f"{where} chooses {unknown!r}, which is no seed and no app with seeds. "
            f"{suggestion(unknown, [*names, *(name.partition('.')[0] for name in names)])}",
            next=("Correct settings.SEEDING.", "python manage.py seed --plan"),
        )


def _belongs(seed: Seed, alias: str) -> bool:
    """Whether the seed's factories write to this database. Raises Refused where they disagree."""
    aliases = {factory._meta.database: factory for factory in seed.factories}
    if len(aliases) > 1:
        said = ", ".join(f"{factory.__name__} to {name!r}" for name, factory in aliases.items())
        raise Refused(
            "SD-218",
            f"The seed {seed.name} writes to several databases: {said}.",
            next=("Make it one seed for each database.", "python manage.py seed --plan"),
        )
    return not aliases or alias in aliases


def _fixture(run: Run, name: str, tables: set[str]) -> Item:
    entry = run.entries.get(name)
    digest = reference.digest(name)
    undone = entry is not None and bool(tables & set(entry.rows))
    emptied = entry is not None and ledger.emptied(run.own, entry)
    state = state_of(digest, entry, emptied=emptied)
    # Rows that stand in a table which is emptied for others are loaded again.
    action = action_of(Kind.REFERENCE, state, undone=undone, keep=False)
    return Item(
        name=name, kind=Kind.REFERENCE, definition=digest, scale=1, state=state, action=action
    )


def _seed(run: Run, seed: Seed, undone: bool) -> Item:
    entry = run.entries.get(seed.name)
    digest = definition.digest(seed, run.conf)
    emptied = entry is not None and ledger.emptied(run.own, entry)
    state = state_of(digest, entry, emptied=emptied)
    return Item(
        name=seed.name,
        kind=seed.kind,
        definition=digest,
        scale=(run.profile or Profile()).scale_of(seed.name),
        state=state,
        action=action_of(seed.kind, state, undone=undone, keep=run.options.keep),
        seed=seed,
    )
