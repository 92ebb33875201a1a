"""The demo club is loaded into a database that the settings name, once."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from m2s_orchestration.demo import load
from m2s_orchestration.demo.postgres import EmbeddedPostgres

NAME = "club_to_load"


@pytest.fixture
def empty(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty database that the environment names."""
    postgres.create_database(NAME)
    monkeypatch.setenv("DATABASE_URL", postgres.conninfo(NAME))
    monkeypatch.setenv("EMAIL_HOST", "127.0.0.1")
    yield postgres.conninfo(NAME)
    postgres.drop_database(NAME)


def members(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        (found,) = connection.execute("SELECT count(*) FROM members_member").fetchone() or (0,)
    return int(found)


def test_the_club_and_its_ledger_are_made(empty: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main() == 0

    assert capsys.readouterr().out == "The demo club is loaded.\n"
    assert members(empty) == 75
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT * FROM m2s_orchestration.delivery").fetchall() == []


def test_a_club_that_is_there_is_left_as_it_is(
    empty: str, capsys: pytest.CaptureFixture[str]
) -> None:
    load.main()
    with psycopg.connect(empty) as connection:
        connection.execute("UPDATE members_member SET first_name = 'Zoë'")

    assert load.main() == 0

    assert capsys.readouterr().out.endswith("it is left as it is.\n")
    with psycopg.connect(empty) as connection:
        names = connection.execute("SELECT DISTINCT first_name FROM members_member").fetchall()
    assert names == [("Zoë",)]


def test_a_database_that_is_away_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://m2s@127.0.0.1:9/club")
    monkeypatch.setenv("EMAIL_HOST", "127.0.0.1")

    assert load.main() == 1

    assert capsys.readouterr().err.startswith("demo club: The club's database does not answer")
