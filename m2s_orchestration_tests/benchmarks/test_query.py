"""The three ways that are timed find the same people in a generated club."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from benchmarks import present, query
from benchmarks.club import load_club
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database

FOUND = {"report_duty_delinquents": 38, "notify_late_sprs": 16, "notify_aging_logsheets": 4}


@pytest.fixture(scope="module")
def club(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """Two squads of 75."""
    postgres.create_database("generated_club")
    database = Database(postgres.conninfo("generated_club"))
    assert load_club(database, 150) == 2 * 288 * 21
    yield database
    postgres.drop_database("generated_club")


@pytest.mark.parametrize("name", FOUND)
def test_the_present_way_finds_as_many_as_the_present_system_did_in_clubs_of_this_size(
    club: Database, name: str
) -> None:
    with (session := present.Session.open(club.conninfo)).connection:
        assert present.BODIES[name](session) == FOUND[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report_duty_delinquents", 18 + 2 * 114 + 3 * 38),
        ("notify_late_sprs", 9 + 3 * 16),
        ("notify_aging_logsheets", 10 + 5 * 4),
    ],
)
def test_the_present_way_issues_as_many_statements_as_were_counted(
    club: Database, name: str, expected: int
) -> None:
    with (session := present.Session.open(club.conninfo)).connection:
        present.BODIES[name](session)

    assert session.statements == expected


def test_the_hand_written_query_and_ours_find_the_same_delinquents(club: Database) -> None:
    with psycopg.connect(club.conninfo) as connection:
        by_hand = query.BY_HAND["report_duty_delinquents"].run(connection)
    with club.connect("test") as connection:
        decided = query._decided(connection, "report_duty_delinquents", club.conninfo)

    assert len(by_hand) == FOUND["report_duty_delinquents"]
    assert decided.decision.found["delinquents"] == len(by_hand)


@pytest.mark.parametrize("name", ["notify_late_sprs", "notify_aging_logsheets"])
def test_ours_tells_as_many_people(club: Database, name: str) -> None:
    assert query.ours(club.conninfo, name).told == FOUND[name]


def test_the_present_way_names_every_column_of_a_row(club: Database) -> None:
    with (session := present.Session.open(club.conninfo)).connection:
        texts = session.texts

    assert '"member"."last_name"' in texts["flyers"]
    assert '"logsheet_logsheet"."log_date"' in texts["sheet"]
    assert not [name for name, text in texts.items() if ".*" in text or "SELECT *" in text]
