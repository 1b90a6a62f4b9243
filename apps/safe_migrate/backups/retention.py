"""Which backups stay, and which files are nobody's any more: decided here, on plain values. Pure.

Deletion is by Grandfather-Father-Son: of each of the last N hours, days, weeks, months and years
that have a verified backup, the newest one stays. Calendars are UTC's, weeks are ISO 8601's.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from safe_migrate.backups.manifest import MANIFEST_SUFFIX, environment_of, moment_of
from safe_migrate.policy import Policy

DOUBTFUL = timedelta(hours=24)
"""For so long an upload may be under way, and an unverified backup may still become a good one."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""A backup dated later than this after now was made by a clock that cannot be believed."""

_PERIODS: tuple[tuple[str, Callable[[datetime], str]], ...] = (
    ("hourly", lambda moment: f"{moment:%Y-%m-%d %H}h"),
    ("daily", lambda moment: f"{moment:%Y-%m-%d}"),
    ("weekly", lambda moment: f"{moment:%G-W%V}"),
    ("monthly", lambda moment: f"{moment:%Y-%m}"),
    ("yearly", lambda moment: f"{moment:%Y}"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How many verified backups stay: one for each of so many periods, and the newest `minimum`."""

    hourly: float
    daily: float
    weekly: float
    monthly: float
    yearly: float
    minimum: float


NAMES = ("hourly", "daily", "weekly", "monthly", "yearly", "minimum")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A backup of the one database in question: its manifest is complete and its data is there."""

    id: str
    level: str = ""
    """How far it was verified; empty where it was not."""
    held: str = ""
    """Why it stays whatever the rules say (a pin); empty where nothing holds it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What becomes of a backup or of debris, and why."""

    id: str
    delete: bool
    because: tuple[str, ...]


def rules_of(policy: Policy, **given: float | None) -> Rules:
    """The policy's rules, with those given (by the names in NAMES) in their place."""
    own = {name: getattr(policy, f"keep_{name}") for name in NAMES}
    return Rules(**{**own, **{name: n for name, n in given.items() if n is not None}})


def decide(backups: Iterable[Stored], rules: Rules, now: datetime) -> list[Verdict]:
    """A verdict for each backup, newest first.

    The newest verified one stays under any rules. Those dated in the future stay too, and count for
    nothing: a clock that ran ahead must not push out what is good.
    """
    ordered = sorted(backups, key=lambda backup: moment_of(backup.id), reverse=True)
    good = [backup for backup in ordered if backup.level and not in_future(backup.id, now)]
    kept = _kept(good, rules)
    newest = good[0].id if good else ""
    return [_verdict(backup, kept.get(backup.id, []), newest, now) for backup in ordered]


def in_future(identifier: str, now: datetime) -> bool:
    """Whether a backup is dated later than clocks may differ."""
    return moment_of(identifier) > now + CLOCKS_DIFFER


def _kept(good: Sequence[Stored], rules: Rules) -> dict[str, list[str]]:
    """Identifier → the rules that keep it."""
    kept: dict[str, list[str]] = {}
    if good:
        kept[good[0].id] = ["newest"]
    for name, period_of in _PERIODS:
        periods: set[str] = set()
        for backup in good:
            period = period_of(moment_of(backup.id))
            if period not in periods and len(periods) < getattr(rules, name):
                periods.add(period)
                kept.setdefault(backup.id, []).append(f"{name} {period}")
    for place, backup in enumerate(good):
        if place < rules.minimum:
            kept.setdefault(backup.id, []).append("minimum")
    return kept


def _verdict(backup: Stored, kept: list[str], newest: str, now: datetime) -> Verdict:
    because = [backup.held] if backup.held else []
    if in_future(backup.id, now):
        because.append("dated in the future")
    elif backup.level:
        because += kept
    elif not newest or moment_of(newest) <= moment_of(backup.id):
        because.append("not verified, and no newer one is")
    elif moment_of(backup.id) > now - DOUBTFUL:
        because.append("not verified, and younger than 24 h")
    if because:
        return Verdict(id=backup.id, delete=False, because=tuple(because))
    why = "no rule keeps it" if backup.level else f"not verified, and {newest} is newer"
    return Verdict(id=backup.id, delete=True, because=(why,))


def by_identifier(names: Iterable[str], environment: str) -> dict[str, list[str]]:
    """Identifier → the names that belong to it, the manifest last: the order to delete them in.

    Names of other environments, and those that are not ours, are left out.
    """
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        identifier = name.rstrip("/").partition(".")[0]
        if environment_of(identifier) == environment:
            found.setdefault(identifier, []).append(name)
    for identifier, own in found.items():
        own.sort(key=lambda name: name == identifier + MANIFEST_SUFFIX)
    return found


def debris(identifier: str, *, manifest: bool, held: str, now: datetime) -> Verdict:
    """What becomes of files without a complete manifest beside their data.

    `manifest`: there are a manifest and data, and they are no backup to us: damaged, or of another
    version or key of this tool. There may be something to save, so a person decides.
    """
    age = now - moment_of(identifier)
    if held:
        return Verdict(id=identifier, delete=False, because=(held,))
    if manifest:
        return Verdict(
            id=identifier, delete=False, because=("damaged or of another version: look at it",)
        )
    if age <= DOUBTFUL:
        return Verdict(id=identifier, delete=False, because=("younger than 24 h",))
    return Verdict(id=identifier, delete=True, because=("not a complete backup",))
