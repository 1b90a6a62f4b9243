"""Staging: production's settings, its own database, and sample data."""

from config.settings.base import SEEDING, direct_connections
from config.settings.production import *  # noqa: F403

SAFE_MIGRATE = {"ENVIRONMENT": "staging", **direct_connections()}
SEEDING = {**SEEDING, "PROFILES": {"staging": {"scale": 1}}}
