"""Query and evaluate: what the club's database says at one instant, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import psycopg
from psycopg.pq import TransactionStatus

from m2s_orchestration.club.club import Club
from m2s_orchestration.club.reading import read_members, read_site
from m2s_orchestration.framework.decision import Decision
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence
from m2s_orchestration.framework.parameters import Parameters
from m2s_orchestration.postgres import Connection, translated
from m2s_orchestration.settings import Settings


@dataclass(frozen=True)
class Reading:
    """One snapshot of the club: itself, and the rows that the notification asks for.

    Of its members, those whom a row names.
    """

    club: Club
    rows: object

    @property
    def found(self) -> dict[str, tuple[object, ...]]:
        """The rows of each query."""
        return {item.name: getattr(self.rows, item.name) for item in fields(self.rows)}  # type: ignore[arg-type]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows each query returned."""
        return {name: len(rows) for name, rows in self.found.items()}


@dataclass(frozen=True)
class Evaluation:
    """A reading and the decision it leads to."""

    club: Club
    rows: object
    decision: Decision


def read(
    notification: Notification,
    connection: Connection,
    *,
    occurrence: Occurrence,
    settings: Settings,
    parameters: Parameters,
) -> Reading:
    """Read the club in one read-only snapshot. Raises DatabaseFault, ClubFault or BadSettings."""
    with translated(), _snapshot(connection):
        club = read_site(connection, settings)
        binds: dict[str, object] = {
            **parameters.model_dump(),
            "as_of": occurrence.moment,
            "club_date": occurrence.club_date(club.zone),
            "first_date": occurrence.club_dates(club.zone)[0],
            "time_zone": club.zone.key,
        }
        rows = notification.rows(
            **{
                name: tuple(notification.queries[name].fetch(connection, row_type, **binds))
                for name, row_type in notification.row_types.items()
            }
        )
        members = read_members(connection, _named_in(rows))
    return Reading(club=replace(club, members=members), rows=rows)


def _named_in(rows: object) -> set[int]:
    """Who is named: the fields that end with `_id` hold members' ids (and some, those of others).

    A club may have a hundred times more members than a notification speaks of.
    """
    named: set[int] = set()
    for query in fields(rows):  # type: ignore[arg-type]
        found = getattr(rows, query.name)
        # They are all of one kind.
        names = (
            [item.name for item in fields(found[0]) if item.name.endswith("_id")] if found else []
        )
        for name in names:
            named.update(value for row in found if isinstance(value := getattr(row, name), int))
    return named


def evaluate(
    notification: Notification,
    connection: Connection,
    *,
    occurrence: Occurrence,
    settings: Settings,
    parameters: Parameters,
) -> Evaluation:
    """Read, then decide."""
    reading = read(
        notification, connection, occurrence=occurrence, settings=settings, parameters=parameters
    )
    decision = notification.evaluate(reading.rows, occurrence, reading.club, parameters)
    return Evaluation(club=reading.club, rows=reading.rows, decision=decision)


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            yield
    finally:
        # After an interrupt in the middle of a query there is nothing to set any more.
        if connection.info.transaction_status is TransactionStatus.IDLE:
            connection.read_only = None
            connection.isolation_level = None
