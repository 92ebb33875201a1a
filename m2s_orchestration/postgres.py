"""Connections to the club's database, and the named statements of `.sql` files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import class_row

from m2s_orchestration.errors import (
    ClubChanged,
    DatabaseFault,
    DatabaseUnreachable,
    MissingPermission,
    MissingTable,
    NotMigrated,
)

Row = TypeVar("Row")
Connection = psycopg.Connection[Any]

SCHEMA = "m2s_orchestration"

UNDEFINED = (pg.UndefinedTable, pg.UndefinedColumn, pg.UndefinedFunction, pg.InvalidSchemaName)
BUSY = (
    pg.LockNotAvailable,
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.QueryCanceled,
    pg.DiskFull,
    pg.IdleInTransactionSessionTimeout,
)

# Held by the server, so that a paused or vanished process cannot block its successor for longer.
GUARDS = {
    "statement_timeout": timedelta(minutes=2),
    "lock_timeout": timedelta(seconds=15),
    "idle_in_transaction_session_timeout": timedelta(seconds=10),
}
WAITS = ("statement_timeout", "lock_timeout")
CONNECTING = timedelta(seconds=10)


@dataclass(frozen=True)
class Database:
    """The club's database. `conninfo` is a libpq connection string."""

    conninfo: str = field(repr=False)

    @contextmanager
    def connect(self, purpose: str, *, patience: timedelta | None = None) -> Iterator[Connection]:
        """An autocommit connection in UTC; `purpose` is its name in pg_stat_activity.

        Who has little `patience` waits no longer than that for the server, a lock or a statement.
        """
        with translated():
            connection = self.open(purpose, patience=patience)
        try:
            yield connection
        finally:
            connection.close()

    def open(self, purpose: str, *, patience: timedelta | None = None) -> Connection:
        """As `connect`, for a caller that closes it; raises psycopg's own errors."""
        own = conninfo_to_dict(self.conninfo).get("options") or ""
        limits = GUARDS | (dict.fromkeys(WAITS, patience) if patience else {})
        guards = " ".join(
            f"-c {name}={int(limit.total_seconds() * 1000)}" for name, limit in limits.items()
        )
        return psycopg.connect(
            self.conninfo,
            autocommit=True,
            application_name=f"m2s {purpose}"[:63],
            connect_timeout=int((patience or CONNECTING).total_seconds()),
            keepalives_idle=30,
            tcp_user_timeout=60_000,
            options=f"{own} {guards} -c TimeZone=UTC -c synchronous_commit=on",
        )


@contextmanager
def translated() -> Iterator[None]:
    """Say in the club's terms what the database refused."""
    try:
        yield
    except UNDEFINED as error:
        raise _missing(error) from error
    except pg.InsufficientPrivilege as error:
        raise MissingPermission(
            f"The database role may not do this: {first_line(error)}. Grant it the right, as"
            " docs/operations.md lists, and run again."
        ) from error
    except pg.ForeignKeyViolation as error:
        raise ClubChanged(
            f"The club's rows changed while they were decided about: {first_line(error)}. Nothing"
            " was recorded; run again, and the decision is made of what is there now."
        ) from error
    except BUSY as error:
        raise DatabaseFault(
            f"The club's database could not do this now: {first_line(error)}. Nothing of it was"
            " done; run again."
        ) from error
    except pg.ReadOnlySqlTransaction as error:
        raise DatabaseFault(
            f"The club's database takes no changes: {first_line(error)}. Is this a replica, or is"
            " default_transaction_read_only set? Name the primary server."
        ) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise DatabaseUnreachable(
            f"The club's database does not answer: {first_line(error)}. Check DATABASE_URL or the"
            " DB_ variables, that the server is up and that it has connections to spare; nothing"
            " is sent without it."
        ) from error
    except (psycopg.IntegrityError, psycopg.DataError, psycopg.InternalError) as error:
        # Its first line only: what follows may quote the row, with names and addresses.
        raise DatabaseFault(
            f"The club's database refused: {first_line(error)}. Nothing of it was done; `m2s"
            " doctor` looks for the cause."
        ) from None


def _missing(error: psycopg.Error) -> Exception:
    text = first_line(error)
    if SCHEMA in text or SCHEMA in (error.diag.context or ""):
        return NotMigrated(f"The ledger is not in this database ({text}): run `m2s migrate`.")
    return MissingTable(
        f"The club's database lacks what a run needs ({text}). Is this the web application's"
        " database, and is it migrated?"
    )


def first_line(error: BaseException) -> str:
    """The first line of what the server said, without its address or the statement."""
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


@dataclass(frozen=True)
class Statement:
    """One named statement of a `.sql` file, with the sentence that stands over it."""

    name: str
    purpose: str
    text: LiteralString

    def fetch(self, connection: Connection, row: type[Row], **values: object) -> list[Row]:
        """Every row as an instance of `row`, whose fields are the statement's columns."""
        with connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(self.text, values).fetchall()

    def run(self, connection: Connection, **values: object) -> list[tuple[Any, ...]]:
        """Every row as a tuple; an empty list where the statement returns none."""
        cursor = connection.execute(self.text, values)
        return cursor.fetchall() if cursor.description else []

    def first(self, connection: Connection, **values: object) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.run(connection, **values)
        return rows[0] if rows else None


NAME = re.compile(r"^-- (?P<name>[a-z][a-z0-9_]*): (?P<purpose>.+)$", re.MULTILINE)


def statements(package: str, file: str) -> Mapping[str, Statement]:
    """The statements of a package's file, each under a line like `-- name: What it does.`."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    heads = list(NAME.finditer(text))
    ends = [*(head.start() for head in heads[1:]), len(text)]
    found = {
        head["name"]: Statement(
            name=head["name"],
            purpose=head["purpose"],
            text=text[head.end() : end].strip(),
        )
        for head, end in zip(heads, ends, strict=False)
    }
    if len(found) != len(heads):
        raise ValueError(f"{package}/{file} names a statement twice")
    if empty := [name for name, statement in found.items() if not statement.text]:
        raise ValueError(f"{package}/{file} says nothing under {', '.join(empty)}")
    return found
