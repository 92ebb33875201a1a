"""Counts that are remembered, on a table of a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from m2s_orchestration.monitoring.metrics.tally import Tally
from m2s_orchestration.postgres import Connection, Database, Statement

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COUNTS = Statement(
    name="happened",
    purpose="How often what happened, and how long it took in all.",
    text="""
    SELECT name, word, at <= %(horizon)s, count(*), sum(seconds) FROM happened
    WHERE at > %(since)s AND seconds >= %(at_least)s
    GROUP BY 1, 2, 3
    """,
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect("test") as connection:
        connection.execute(
            "CREATE TEMPORARY TABLE happened"
            " (name text, word text, at timestamptz, seconds double precision)"
        )
        yield connection


@pytest.fixture
def tally() -> Tally:
    return Tally(COUNTS, at_least=1)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def happen(connection: Connection, word: str, *moments: float, seconds: float = 2) -> None:
    for hours in moments:
        connection.execute(
            "INSERT INTO happened VALUES ('digest', %s, %s, %s)", (word, at(hours), seconds)
        )


def counted(tally: Tally, connection: Connection, horizon: float) -> dict[str, tuple[int, float]]:
    return {word: (count, total) for _, word, count, total in tally.read(connection, at(horizon))}


def test_it_counts_what_is_settled_and_what_is_not(tally: Tally, connection: Connection) -> None:
    happen(connection, "sent", -3, -2, 0.5)
    happen(connection, "failed", 0.2)
    happen(connection, "sent", -1, seconds=0)

    assert counted(tally, connection, 0) == {"sent": (3, 6.0), "failed": (1, 2.0)}


def test_what_was_not_settled_is_counted_anew_and_never_twice(
    tally: Tally, connection: Connection
) -> None:
    happen(connection, "sent", -1, 0.5)

    for hours in (0, 0.2, 0.5, 0.5, 1, 2):
        assert counted(tally, connection, hours) == {"sent": (2, 4.0)}

    happen(connection, "sent", 2.5, 2.7)
    for hours in (2, 2.6, 3):
        assert counted(tally, connection, hours) == {"sent": (4, 8.0)}


def test_what_is_settled_is_not_asked_for_again(tally: Tally, connection: Connection) -> None:
    happen(connection, "sent", -1, 0.5)
    counted(tally, connection, 0)

    connection.execute("DELETE FROM happened")

    assert counted(tally, connection, 0) == {"sent": (1, 2.0)}
    happen(connection, "sent", 1.5)
    assert counted(tally, connection, 1) == {"sent": (2, 4.0)}


def test_a_moment_belongs_to_one_side_of_the_horizon(tally: Tally, connection: Connection) -> None:
    happen(connection, "sent", 0, 0, 1)

    for hours in (0, 0, 1, 1, 2):
        assert counted(tally, connection, hours) == {"sent": (3, 6.0)}


def test_a_clock_that_was_put_back_settles_nothing_twice(
    tally: Tally, connection: Connection
) -> None:
    happen(connection, "sent", -1, 0.5, 1.5)

    for hours in (1, 0.9, 0.6, 0.8, 2):
        assert counted(tally, connection, hours) == {"sent": (3, 6.0)}


def test_a_clock_that_was_far_ahead_keeps_nothing_from_being_counted(
    tally: Tally, connection: Connection
) -> None:
    happen(connection, "sent", -1)
    counted(tally, connection, 48)

    happen(connection, "lost", 24)

    for hours in (24, 25, 49):
        assert counted(tally, connection, hours) == {"sent": (1, 2.0), "lost": (1, 2.0)}


def test_it_is_new_until_everything_was_counted(tally: Tally, connection: Connection) -> None:
    assert tally.is_new

    counted(tally, connection, 0)

    assert not tally.is_new
