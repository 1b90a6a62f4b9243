"""Staging: production's settings, its own database, and sample data."""

from config.settings.base import SEEDING, deployment
from config.settings.production import *  # noqa: F403

SAFE_MIGRATE = {"ENVIRONMENT": "staging", **deployment()}
SEEDING = {**SEEDING, "PROFILES": {"staging": {"scale": 1}}}
