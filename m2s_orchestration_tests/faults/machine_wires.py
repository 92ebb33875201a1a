"""The one connection to the database that all puppets use, one statement or transaction at a time.

A statement may be lost on its way, or its answer, or it may arrive when nobody waits for it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import psycopg
from psycopg.pq import TransactionStatus

from m2s_orchestration.delivery import administration, lease, ledger, migrate
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.faults.machine_puppet import Puppet, current

# Before these, and before each transaction, others may come between. What only looks is done at
# once: the statement that decides asks again.
PAUSED_AT = frozenset({"acquire", "unsent", "claim", "is_claimed", "testify", "refuse", "release"})
TRANSACTION = "transaction"

Values = Mapping[str, Any]
Rows = list[tuple[Any, ...]]
Heard = Callable[[Puppet, str, Values, Rows], None]


@dataclass
class Ghost:
    """A statement that is still under way although its sender has given up waiting."""

    sender: Puppet
    name: str
    query: Any
    values: Values


@dataclass
class Ears:
    """What is heard on the wires. `stopped` names the constraints that refused something."""

    heard: Heard
    names: Mapping[str, str]
    stopped: list[str] = field(default_factory=list)
    ghost: Ghost | None = None


class Wire(psycopg.Connection[Any]):
    """A connection that stays open whoever closes it, and tells what goes over it."""

    ears: Ears | None = None

    def close(self) -> None:
        """A process closes its own connection only, and this one stands for all of them."""

    def hang_up(self) -> None:
        super().close()

    @contextmanager
    def transaction(self, *arguments: Any, **values: Any) -> Iterator[psycopg.Transaction]:
        puppet = current()
        if puppet and puppet.pause(TRANSACTION):
            raise psycopg.OperationalError("the connection is lost")
        with super().transaction(*arguments, **values) as transaction:
            yield transaction

    def execute(self, query: Any, params: Any = None, **options: Any) -> psycopg.Cursor[Any]:
        puppet, ears = current(), self.ears
        if puppet is None or ears is None:
            return super().execute(query, params, **options)
        name = ears.names.get(query, "")
        is_alone = self.info.transaction_status is TransactionStatus.IDLE
        about = (params or {}).get("id")
        fault = puppet.pause(name, about) if is_alone and name in PAUSED_AT else ""
        if fault == "late":
            ears.ghost = Ghost(puppet, name, query, params)
        if fault in {"lost", "late"}:
            raise psycopg.OperationalError("the connection is lost")
        cursor = self._told(ears, puppet, name, query, params)
        if fault:
            raise psycopg.OperationalError("the connection was lost before the answer")
        return cursor

    def arrive(self, ghost: Ghost) -> Rows:
        """A statement comes through that nobody waits for."""
        cursor = super().execute(ghost.query, ghost.values)
        return cursor.fetchall()

    def _told(
        self, ears: Ears, puppet: Puppet, name: str, query: Any, values: Any
    ) -> psycopg.Cursor[Any]:
        try:
            cursor = super().execute(query, values)
        except psycopg.IntegrityError as error:
            ears.stopped.append(error.diag.constraint_name or str(error))
            raise
        rows: Rows = []
        if cursor.description:
            rows = cursor.fetchall()
        if rows:
            cursor.scroll(0, mode="absolute")
        ears.heard(puppet, name, values or {}, rows)
        return cursor


@dataclass(frozen=True)
class OneWire(Database):
    """A database to which there is one connection."""

    wire: Wire | None = None

    @classmethod
    def to(cls, database: Database) -> Self:
        wire = Wire.connect(
            database.conninfo, autocommit=True, options="-c TimeZone=UTC -c synchronous_commit=off"
        )
        return cls(database.conninfo, wire)

    def open(self, purpose: str) -> Wire:
        assert self.wire
        return self.wire


def statement_names() -> dict[str, str]:
    """The name of every statement of the delivery, by its text as it is now."""
    libraries = (lease.SQL, ledger.SQL, migrate.SQL, administration.SQL)
    return {
        str(statement.text): name for library in libraries for name, statement in library.items()
    }
