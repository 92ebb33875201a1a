"""A PostgreSQL server for the tests that want one, and a fresh club database for each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg
import pytest

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database

EMPTY_CLUB = "template_empty_club"
DEMO_CLUB = "template_demo_club"
WITH_LEDGER = "template_with_ledger"

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for the session; each pytest-xdist worker has its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PG")]:
            patch.delenv(name)
        with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
            yield server


@pytest.fixture(scope="session")
def empty_club_template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with the club's tables and no rows."""
    postgres.create_database(EMPTY_CLUB)
    with psycopg.connect(postgres.conninfo(EMPTY_CLUB)) as connection:
        load_tables(connection)
    return EMPTY_CLUB


@pytest.fixture(scope="session")
def demo_club_template(postgres: EmbeddedPostgres, empty_club_template: str) -> str:
    """The name of a database with the demo club."""
    postgres.create_database(DEMO_CLUB, template=empty_club_template)
    with psycopg.connect(postgres.conninfo(DEMO_CLUB)) as connection:
        load_demo_club(connection)
    return DEMO_CLUB


@pytest.fixture
def empty_club_database(postgres: EmbeddedPostgres, empty_club_template: str) -> Iterator[str]:
    """The conninfo of this test's own database: the club's tables without a row."""
    with _copy_of(postgres, empty_club_template) as conninfo:
        yield conninfo


@pytest.fixture
def club_database(postgres: EmbeddedPostgres, demo_club_template: str) -> Iterator[str]:
    """The conninfo of this test's own database: the demo club."""
    with _copy_of(postgres, demo_club_template) as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def ledger_template(postgres: EmbeddedPostgres, demo_club_template: str) -> str:
    """The name of a database with the demo club and the ledger's tables."""
    postgres.create_database(WITH_LEDGER, template=demo_club_template)
    migrate(Database(postgres.conninfo(WITH_LEDGER)))
    return WITH_LEDGER


@pytest.fixture
def database(postgres: EmbeddedPostgres, ledger_template: str) -> Iterator[Database]:
    """This test's own database: the demo club and an empty ledger."""
    with _copy_of(postgres, ledger_template) as conninfo:
        yield Database(conninfo)


@contextmanager
def _copy_of(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    postgres.create_database(name, template=template)
    try:
        yield postgres.conninfo(name)
    finally:
        postgres.drop_database(name)
