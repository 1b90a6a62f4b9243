"""settings.SEEDING, read late, typed and checked; the only reader of that setting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from safe_migrate.policy import Environment
from seeding.spelling import suggestion

KEYS = ("CLOCK", "PROFILES", "RANDOM_SEED", "REFERENCE")
PROFILE_KEYS = ("scale", "scales", "seeds")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Which seeds one environment gets, and how much of each."""

    scale: float = 1.0
    """Every count is multiplied by it, but those that are exact."""
    scales: Mapping[str, float] = field(default_factory=dict)
    """'app' or 'app.seed' → its own scale."""
    seeds: tuple[str, ...] | None = None
    """'app' or 'app.seed'; None means all."""

    def scale_of(self, seed: str) -> float:
        """The scale of the seed called 'app.seed': its own, else its app's, else the profile's."""
        app = seed.partition(".")[0]
        return self.scales.get(seed, self.scales.get(app, self.scale))

    def chooses(self, seed: str) -> bool:
        """Whether this environment gets the seed."""
        return self.seeds is None or bool({seed, seed.partition(".")[0]} & set(self.seeds))


@dataclass(frozen=True, kw_only=True, slots=True)
class Conf:
    """One project's settings of the seeder."""

    profiles: Mapping[Environment, Profile]
    random_seed: int
    """Same number, same rows."""
    clock: datetime
    """What `now` is while seeding."""
    reference: tuple[str, ...]
    """Fixtures with the rows that every environment needs, as `loaddata` names them."""


def read() -> Conf:
    """The settings as they are now (override_settings is seen).

    Raises ImproperlyConfigured with the key, the bad value and, for a misspelt key, the near one.
    """
    given = getattr(settings, "SEEDING", {})
    if not isinstance(given, dict):
        raise ImproperlyConfigured("settings.SEEDING must be a dictionary.")
    _refuse_unknown("SEEDING", given, KEYS)
    profiles = given.get("PROFILES", {})
    if not isinstance(profiles, dict):
        raise ImproperlyConfigured("SEEDING['PROFILES'] must be a dictionary.")
    _refuse_unknown("SEEDING['PROFILES']", profiles, [one.value for one in Environment])
    return Conf(
        profiles={Environment(name): _profile(name, value) for name, value in profiles.items()},
        random_seed=_whole("SEEDING['RANDOM_SEED']", given.get("RANDOM_SEED", 0)),
        clock=_moment(given.get("CLOCK", "2026-01-01T00:00:00Z")),
        reference=_words("SEEDING['REFERENCE']", given.get("REFERENCE", ())),
    )


def _profile(name: str, given: Any) -> Profile:
    where = f"SEEDING['PROFILES']['{name}']"
    if not isinstance(given, dict):
        raise ImproperlyConfigured(f"{where} must be a dictionary.")
    _refuse_unknown(where, given, PROFILE_KEYS)
    scales = given.get("scales", {})
    if not isinstance(scales, dict):
        raise ImproperlyConfigured(f"{where}['scales'] must be a dictionary.")
    seeds = given.get("seeds")
    return Profile(
        scale=_number(f"{where}['scale']", given.get("scale", 1)),
        scales={
            seed: _number(f"{where}['scales']['{seed}']", scale) for seed, scale in scales.items()
        },
        seeds=None if seeds is None else _words(f"{where}['seeds']", seeds),
    )


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ImproperlyConfigured(f"{where} is {value!r}: it must be a number above 0.")
    return float(value)


def _whole(where: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ImproperlyConfigured(f"{where} is {value!r}: it must be a whole number.")
    return value


def _words(where: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(word, str) for word in value):
        raise ImproperlyConfigured(f"{where} is {value!r}: it must be a list of strings.")
    return tuple(value)


def _moment(value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ImproperlyConfigured(
            f"SEEDING['CLOCK'] is {value!r}: it must be a moment such as '2026-01-01T00:00:00Z'."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in given:
        if key not in known:
            raise ImproperlyConfigured(
                f"{where} has an unknown key {key!r}. {suggestion(str(key), known)}"
            )
