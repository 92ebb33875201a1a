"""Environments that the settings are read from, and what is found in them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.settings import Settings

SECRET = "hunter2-s3cret"


LEAST = {
    "DATABASE_URL": f"postgresql://club:{SECRET}@db.example.org:5433/club",
    "EMAIL_HOST": "smtp.example.org",
}


PARTS = {
    "DB_NAME": "club",
    "DB_USER": "m2s",
    "DB_PASSWORD": SECRET,
    "DB_HOST": "db.example.org",
    "EMAIL_HOST": "smtp.example.org",
}


EVERYTHING = {
    **PARTS,
    "DB_PORT": "5433",
    "DB_SSLMODE": "require",
    "EMAIL_PORT": "2525",
    "EMAIL_USE_TLS": "True",
    "EMAIL_USE_SSL": "False",
    "EMAIL_HOST_USER": "apikey",
    "EMAIL_HOST_PASSWORD": f"smtp-{SECRET}",
    "EMAIL_TIMEOUT": "12.5",
    "EMAIL_CONNECTIONS": "4",
    "EMAIL_IDEMPOTENCY_HEADER": "Resend-Idempotency-Key",
    "DEFAULT_FROM_EMAIL": "Club Mail <info@example.org>",
    "EMAIL_DEV_MODE": "true",
    "EMAIL_DEV_MODE_REDIRECT_TO": "dev@example.org, , ops@example.org ",
    "SITE_URL": "https://www.example.org",
    "MEMBERS_MAILING_LIST": "members@example.org",
    "OPERATORS_EMAIL": "operators@example.org",
    "MEDIA_URL": "https://media.example.org/",
    "MEDIA_ROOT": "/srv/media",
    "DAGSTER_URL": "https://dagster.example.org",
    "APPLICATION_COMMAND": "/srv/club/bin/python '/srv/club site/manage.py'",
    "APPLICATION_IMAGE": "club/web:42",
    "APPLICATION_POD": '{"containers": [{"workingDir": "/srv"}]}',
}


def read(**changes: str) -> Settings:
    return Settings.from_environment({**LEAST, **changes})


def faults(environment: Mapping[str, str]) -> str:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environment(environment)
    return str(caught.value)


def fault(**changes: str) -> str:
    """The only fault of an otherwise good environment."""
    told = faults({**LEAST, **changes})
    assert told.startswith("The environment has 1 fault(s)"), told
    return told
