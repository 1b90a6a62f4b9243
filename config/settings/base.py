"""What every environment shares. Nothing here depends on which environment it is."""

from typing import Any

from config import env

ROOT = env.ROOT

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "dbbackup",
    "safe_migrate",
    "seeding",
    "accounts",
    "catalog",
    "orders",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FIXTURE_DIRS = [ROOT / "fixtures"]
LANGUAGE_CODE = "en-us"
STATIC_ROOT = ROOT / "staticfiles"
STATIC_URL = "static/"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "dbbackup": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": env.path("BACKUP_DIR", ROOT / "backups"),
            "file_permissions_mode": 0o600,
        },
    },
}
# Where the machine does not outlive the deploy (a CI runner), backups belong in a bucket;
# the credentials come from the variables that boto3 itself reads.
if _bucket := env.text("BACKUP_S3_BUCKET", ""):
    STORAGES["dbbackup"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": _bucket,
            "location": env.text("BACKUP_S3_PREFIX", ""),
            "endpoint_url": env.text("BACKUP_S3_ENDPOINT_URL", "") or None,
            "file_overwrite": False,
        },
    }

# dbbackup's mail handler breaks on Django 6.1 and would hide the error it reports.
DBBACKUP_SEND_EMAIL = False
# With the suffix, `listbackups` finds the backups by their names and takes nothing else for one.
DBBACKUP_DATE_FORMAT = "%Y%m%dT%H%M%S%fZ.dump"

SEEDING: dict[str, Any] = {
    "RANDOM_SEED": env.integer("SEED_RANDOM_SEED", 20240101, minimum=0),
    "CLOCK": "2026-01-01T00:00:00Z",
    "REFERENCE": ["reference/catalog"],
    "PROFILES": {},
}


def embedded(name: str, **server_settings: str) -> dict[str, Any]:
    """A DATABASES entry for the embedded server, started when a connection is first opened."""
    return {
        "ENGINE": "safe_migrate.postgres.embedded",
        "NAME": f"shop_{name}",
        "EMBEDDED": {
            "ROOT": ROOT / ".postgresql" / name,
            "MAJOR": env.integer("EMBEDDED_POSTGRES_MAJOR", 18),
            "SETTINGS": server_settings,
        },
    }


def deployment() -> dict[str, Any]:
    """What SAFE_MIGRATE takes from the environment variables, whichever environment it is."""
    return {
        "MIGRATION_DATABASE_URL": env.database_url("MIGRATION_DATABASE_URL"),
        "BACKUP_DATABASE_URL": env.database_url("BACKUP_DATABASE_URL"),
        "SCRATCH_DATABASE_URL": env.database_url("SCRATCH_DATABASE_URL"),
        "AGE_RECIPIENTS": env.words("BACKUP_AGE_RECIPIENTS"),
        "AGE_IDENTITY_FILE": env.text("BACKUP_AGE_IDENTITY_FILE", "") or None,
        "MANIFEST_KEY": env.text("BACKUP_MANIFEST_KEY", ""),
        "PG_BIN": env.text("PG_BIN", "") or None,
        "REVISION": env.text("GITHUB_SHA", ""),
    }
