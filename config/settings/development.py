"""A developer's machine: an embedded PostgreSQL unless DATABASE_URL names another."""

from config import env
from config.settings.base import *  # noqa: F403
from config.settings.base import SEEDING, deployment, embedded

DEBUG = env.boolean("DEBUG", True)
SECRET_KEY = env.text("SECRET_KEY", "development-only-and-worth-nothing-elsewhere")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
INTERNAL_IPS = ["127.0.0.1"]

DATABASES = {"default": env.database("DATABASE_URL") or embedded("development")}
SAFE_MIGRATE = {"ENVIRONMENT": "development", **deployment()}
SEEDING = {**SEEDING, "PROFILES": {"development": {"scale": 0.01}}}
