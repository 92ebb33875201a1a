"""Every environment variable: read here and nowhere else, all faults told at once.

The names are those of the club's Kubernetes secret. Each may also be given as `<NAME>_FILE`, the
path of a file that holds the value.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.urls import page, place, site
from m2s_orchestration.values import (
    boolean,
    bucket,
    comma_separated,
    command_line,
    header_name,
    pod_spec,
    seconds,
    sslmode,
    whole_number,
)

Encryption = Literal["none", "starttls", "ssl"]
Value = TypeVar("Value")

# Every variable that is read, each also as `<NAME>_FILE`.
VARIABLES = (
    *("DATABASE_URL", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DB_SSLMODE"),
    *("EMAIL_HOST", "EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_HOST_USER"),
    *("EMAIL_HOST_PASSWORD", "EMAIL_TIMEOUT", "EMAIL_CONNECTIONS", "EMAIL_IDEMPOTENCY_HEADER"),
    *("DEFAULT_FROM_EMAIL", "EMAIL_DEV_MODE", "EMAIL_DEV_MODE_REDIRECT_TO", "SITE_URL"),
    *("MEMBERS_MAILING_LIST", "OPERATORS_EMAIL", "MEDIA_URL", "MEDIA_ROOT", "DAGSTER_HOME"),
    *("DAGSTER_PG_URL", "DAGSTER_PG_HOST", "DAGSTER_PG_PORT", "DAGSTER_PG_DB"),
    *("DAGSTER_PG_USERNAME", "DAGSTER_PG_PASSWORD", "DAGSTER_URL"),
    *("APPLICATION_COMMAND", "APPLICATION_IMAGE", "APPLICATION_POD", "MEDIA_STORE", "DOCS_URL"),
)
TEMPORARY_DAGSTER = "M2S_TEMPORARY_DAGSTER"


@dataclass(frozen=True)
class SmtpSettings:
    """The mail server. `timeout` (seconds) is for every reply but the one to the final dot."""

    host: str
    port: int
    encryption: Encryption
    user: str
    password: str = field(repr=False)
    timeout: float
    idempotency_header: str | None


@dataclass(frozen=True)
class Settings:
    """What the environment says. `database` is a libpq connection string, `media_store` a place."""

    database: str = field(repr=False)
    smtp: SmtpSettings
    connections: int
    default_from: str | None
    dev_mode: bool
    redirect_to: tuple[str, ...]
    site_url: str | None
    members_mailing_list: str | None
    operators_email: str | None
    media_url: str | None
    media_store: str | None
    dagster_url: str | None
    application_command: tuple[str, ...]
    application_image: str | None
    application_pod: Mapping[str, object]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the process's environment. Raises BadSettings with every fault found."""
        reader = _Reader(os.environ if environment is None else environment)
        settings = cls(
            database=_database(reader),
            smtp=_smtp(reader),
            connections=reader.read("EMAIL_CONNECTIONS", whole_number(1, 32), "2"),
            default_from=reader.optional("DEFAULT_FROM_EMAIL"),
            dev_mode=reader.read("EMAIL_DEV_MODE", boolean, "false"),
            redirect_to=reader.read("EMAIL_DEV_MODE_REDIRECT_TO", comma_separated, ""),
            site_url=reader.read("SITE_URL", site, "") or None,
            members_mailing_list=reader.optional("MEMBERS_MAILING_LIST"),
            operators_email=reader.optional("OPERATORS_EMAIL"),
            media_url=reader.read("MEDIA_URL", place, "") or None,
            media_store=_media_store(reader),
            dagster_url=reader.read("DAGSTER_URL", page, "") or None,
            application_command=reader.read("APPLICATION_COMMAND", command_line, ""),
            application_image=reader.optional("APPLICATION_IMAGE"),
            application_pod=reader.read("APPLICATION_POD", pod_spec, ""),
        )
        if settings.dev_mode and not settings.redirect_to:
            reader.faults.append(
                "EMAIL_DEV_MODE is on and EMAIL_DEV_MODE_REDIRECT_TO is empty:"
                " name the address that should receive the mail, or turn dev mode off"
            )
        reader.raise_faults()
        return settings


def club_database() -> str:
    """Where the club's database is, for whoever needs no other setting. Raises BadSettings."""
    reader = _Reader(os.environ)
    found = _database(reader)
    reader.raise_faults()
    return found


def dagster_home() -> str:
    """Where Dagster's instance is configured; empty where it is not."""
    return os.environ.get("DAGSTER_HOME", "")


def documents_url() -> str:
    """Where the documents of docs/ are published; empty where nobody said. Raises BadSettings."""
    reader = _Reader(os.environ)
    url = reader.read("DOCS_URL", page, "")
    reader.raise_faults()
    return url


def dagster_postgres_url() -> str:
    """Where Dagster's own storage is: DAGSTER_PG_URL, or its parts; empty where none is named.

    Raises BadSettings.
    """
    reader = _Reader(os.environ)
    url = reader.text("DAGSTER_PG_URL")
    host = reader.text("DAGSTER_PG_HOST")
    if host and not url:
        user = reader.required("DAGSTER_PG_USERNAME", "name the role of Dagster's storage")
        name = reader.required("DAGSTER_PG_DB", "name the database of Dagster's storage")
        port = reader.read("DAGSTER_PG_PORT", whole_number(1, 65535), "5432")
        password = quote(reader.text("DAGSTER_PG_PASSWORD"), safe="")
        url = f"postgresql://{quote(user, safe='')}:{password}@{host}:{port}/{quote(name, safe='')}"
    reader.raise_faults()
    # SQLAlchemy must not choose the driver: Dagster's storage speaks psycopg2 only.
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)


def temporary_dagster_folder() -> str:
    """A folder for a Dagster that is kept nowhere; it is shared with the processes we start."""
    folder = os.environ.get(TEMPORARY_DAGSTER)
    if not folder:
        folder = tempfile.mkdtemp(prefix="m2s-dagster-")
        os.environ[TEMPORARY_DAGSTER] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@dataclass
class _Reader:
    environment: Mapping[str, str]
    faults: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """The value of a variable, from itself or from the file that `<NAME>_FILE` names."""
        path = self.environment.get(f"{name}_FILE", "").strip()
        value = self.environment.get(name, "").strip()
        if not path:
            return value
        if value:
            self.faults.append(f"{name} and {name}_FILE are both set: keep one of them")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append(f"{name}_FILE names {path!r}, which cannot be read: {error}")
            return ""

    def is_given(self, name: str) -> bool:
        """Whether a file is named for it, readable or not."""
        return bool(self.environment.get(f"{name}_FILE", "").strip())

    def optional(self, name: str) -> str | None:
        return self.text(name) or None

    def required(self, name: str, remedy: str) -> str:
        value = self.text(name)
        if not value and not self._told(name):
            self.faults.append(f"{name} is not set: {remedy}")
        return value

    def read(self, name: str, parse: Callable[[str], Value], default: str) -> Value:
        """The parsed value; a fault is noted and the default used when it does not parse."""
        text = self.text(name) or default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name} is {text!r}: {error}")
            return parse(default)

    def _told(self, name: str) -> bool:
        return any(fault.startswith(f"{name}_FILE") for fault in self.faults)

    def raise_faults(self) -> None:
        if self.faults:
            listed = "\n".join(f"  - {fault}" for fault in self.faults)
            raise BadSettings(
                f"The environment has {len(self.faults)} fault(s); .env.example lists every"
                f" variable:\n{listed}"
            )


def _database(reader: _Reader) -> str:
    url = reader.text("DATABASE_URL")
    if url or reader.is_given("DATABASE_URL"):
        return _checked_url(reader, url) if url else ""
    needed = "or set DATABASE_URL"
    parts = {
        "dbname": reader.required("DB_NAME", f"name the club's database, {needed}"),
        "user": reader.required("DB_USER", f"name the database role, {needed}"),
        "password": reader.text("DB_PASSWORD"),
        "host": reader.required("DB_HOST", f"name the database server, {needed}"),
        "port": str(reader.read("DB_PORT", whole_number(1, 65535), "5432")),
        "sslmode": reader.read("DB_SSLMODE", sslmode, ""),
    }
    return make_conninfo("", **{name: value for name, value in parts.items() if value})


def _checked_url(reader: _Reader, url: str) -> str:
    # No part of the text is repeated in a fault: where it is malformed, any may be the password.
    named = _named_in(url)
    if named is None:
        reader.faults.append(
            "DATABASE_URL cannot be read: write it as postgresql://user:password@host:5432/database,"
            " with special characters in the password percent-encoded"
        )
        return ""
    if not named.get("dbname"):
        reader.faults.append("DATABASE_URL names no database: add /database at its end")
    try:
        for port in str(named.get("port") or "5432").split(","):
            whole_number(1, 65535)(port)
    except ValueError as error:
        reader.faults.append(f"DATABASE_URL names a port that is none: {error}")
    return url


def _named_in(url: str) -> Mapping[str, object] | None:
    """What a libpq address of a database names; None if it is none."""
    if not url.startswith(("postgres://", "postgresql://")):
        return None
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return None


def _media_store(reader: _Reader) -> str | None:
    folder = reader.text("MEDIA_ROOT")
    store = reader.read("MEDIA_STORE", bucket, "")
    if folder and store:
        reader.faults.append("MEDIA_ROOT and MEDIA_STORE are both set: keep one of them")
    return store or folder or None


def _smtp(reader: _Reader) -> SmtpSettings:
    starttls = reader.read("EMAIL_USE_TLS", boolean, "false")
    ssl = reader.read("EMAIL_USE_SSL", boolean, "false")
    if starttls and ssl:
        reader.faults.append("EMAIL_USE_TLS and EMAIL_USE_SSL are both on: turn one of them off")
    encryption: Encryption = "ssl" if ssl else "starttls" if starttls else "none"
    usual_port = {"none": "25", "starttls": "587", "ssl": "465"}[encryption]
    user = reader.text("EMAIL_HOST_USER")
    password = reader.text("EMAIL_HOST_PASSWORD")
    if password and not user:
        reader.faults.append("EMAIL_HOST_PASSWORD is set and EMAIL_HOST_USER is not: set both")
    return SmtpSettings(
        host=reader.required("EMAIL_HOST", "name the mail server"),
        port=reader.read("EMAIL_PORT", whole_number(1, 65535), usual_port),
        encryption=encryption,
        user=user,
        password=password,
        timeout=reader.read("EMAIL_TIMEOUT", seconds, "30"),
        idempotency_header=reader.read("EMAIL_IDEMPOTENCY_HEADER", header_name, "") or None,
    )
