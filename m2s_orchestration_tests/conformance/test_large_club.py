"""In a club of 7,500 members no statement reads all the flights where an index can serve."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from psycopg.sql import SQL

from m2s_orchestration.club.reading import read_club
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework import Notification
from m2s_orchestration.postgres import Connection, Database, Statement
from m2s_orchestration_tests.conformance.lives import MOMENTS, every_notification, settings

NAME = "conformance_large_club"
# It counts everybody's flights of twelve months, so it has to read them all.
OF_A_WHOLE_YEAR = {"delinquents"}
SCRIPT = Path(__file__).with_name("large_club.sql")


@pytest.fixture(scope="module")
def large_club(postgres: EmbeddedPostgres, ledger_template: str) -> Iterator[Connection]:
    """The demo club, joined by thousands, with a hundred thousand flights."""
    postgres.create_database(NAME, template=ledger_template)
    with psycopg.connect(postgres.conninfo(NAME), autocommit=True) as writer:
        writer.execute(SCRIPT.read_bytes())
        writer.execute("ANALYZE")
    with Database(postgres.conninfo(NAME)).connect("conformance") as connection:
        yield connection
    postgres.drop_database(NAME)


def plan(connection: Connection, statement: Statement, binds: dict[str, object]) -> dict[str, Any]:
    """How the database means to do it."""
    explained = SQL("EXPLAIN (FORMAT JSON) {}").format(SQL(statement.text))
    found = connection.execute(explained, binds).fetchone()
    assert found is not None
    return cast("dict[str, Any]", found[0][0]["Plan"])


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


@every_notification
def test_it_does_not_read_all_the_flights(
    notification: Notification, large_club: Connection
) -> None:
    club = read_club(large_club, settings("postgresql://localhost/club"))
    occurrence = notification.occurrence_at(MOMENTS[notification.name])
    binds: dict[str, object] = {
        **notification.parameters().model_dump(),
        "as_of": occurrence.moment,
        "club_date": occurrence.club_date(club.zone),
        "first_date": occurrence.club_dates(club.zone)[0],
        "time_zone": club.zone.key,
    }
    scans = [
        statement.name
        for statement in notification.queries.values()
        for node in nodes(plan(large_club, statement, binds))
        if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "logsheet_flight"
    ]
    assert set(scans) == OF_A_WHOLE_YEAR & notification.queries.keys()


def test_a_statement_that_reads_them_all_would_be_seen(large_club: Connection) -> None:
    everything = Statement("all", "All.", "SELECT flight_type FROM logsheet_flight")
    (found,) = nodes(plan(large_club, everything, {}))
    assert found["Node Type"] == "Seq Scan"
    assert found["Plan Rows"] > 100_000
