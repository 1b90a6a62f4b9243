"""The settings of a subject's project, and snippets that change them for one command."""

SETTINGS = """
import os

KIND = os.environ["KIND"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["NAME"],
    "USER": os.environ["ROLE"], "PASSWORD": os.environ["PASSWORD"], "HOST": os.environ["HOST"],
    "PORT": os.environ["PORT"], "OPTIONS": {}}}
INSTALLED_APPS = ["dbbackup", *(["safe_migrate"] if KIND == "ours" else []), "shelf"]
SECRET_KEY = "x" * 60
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DBBACKUP_SEND_EMAIL = False
DBBACKUP_TMP_DIR = os.environ["TMPDIR"]
if KIND == "ours":
    DBBACKUP_DATE_FORMAT = "%Y%m%dT%H%M%S%fZ.dump"
elif KIND == "plain":
    DBBACKUP_CONNECTORS = {"default": {"CONNECTOR": "dbbackup.db.postgresql.PgDumpConnector"}}
FILES = "django.core.files.storage.FileSystemStorage"
STORAGES = {"default": {"BACKEND": FILES},
    "dbbackup": {"BACKEND": FILES, "OPTIONS": {"location": os.environ["BACKUPS"]}}}
SAFE_MIGRATE = {"ENVIRONMENT": "staging", "MANIFEST_KEY": os.environ["KEY"],
    "POLICY": {"LOCK_RETRY_SECONDS": 2, "LOCK_WAIT_SECONDS": 0, "BACKUP_LOCK_WAIT_SECONDS": 1.5}}
"""

AGE = """
from django.conf import settings
settings.SAFE_MIGRATE |= {{"AGE_RECIPIENTS": ["{recipient}"], "AGE_IDENTITY_FILE": "{file}"}}
"""

# As it is where no library for zstd is installed.
GZIP = """
from safe_migrate.backups import codec
codec._zstd = lambda: None
"""

# pg_dump's directory format.
PARTS = """
from django.conf import settings
settings.SAFE_MIGRATE["POLICY"]["BACKUP_JOBS"] = 2
"""

ENVIRONMENT = """
from django.conf import settings
settings.SAFE_MIGRATE["ENVIRONMENT"] = {name!r}
"""

DATABASE = """
from django.conf import settings
from django.db import connections
settings.DATABASES["default"].update({changes!r})
connections.settings["default"].update({changes!r})
"""

VARIABLES = """
import os
os.environ.update({changes!r})
"""

STOP = """
from tests.faults import stops
stops.stop({place!r}, {marker!r}, {when!r}, {number!r})
"""

STORAGE = """
import dbbackup.settings
from django.conf import settings
from django.core.files.storage import storages
settings.STORAGES["dbbackup"] = {{"BACKEND": {backend!r}, "OPTIONS": {options}}}
dbbackup.settings.STORAGE = {backend!r}
dbbackup.settings.STORAGE_OPTIONS = settings.STORAGES["dbbackup"]["OPTIONS"]
storages.__dict__.pop("backends", None)
storages._backends = None
storages._storages = {{}}
"""
