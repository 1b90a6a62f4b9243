"""The test suite: an embedded PostgreSQL that forgoes durability, cheap password hashes."""

from config import env
from config.settings.base import *  # noqa: F403
from config.settings.base import SEEDING, deployment, embedded

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY", "test-only-and-worth-nothing-elsewhere")
ALLOWED_HOSTS = ["testserver", "localhost"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = {"default": env.database("DATABASE_URL") or embedded("test", fsync="off")}
SAFE_MIGRATE = {"ENVIRONMENT": "test", **deployment()}
SEEDING = {**SEEDING, "PROFILES": {"test": {"scale": 0.001}}}
