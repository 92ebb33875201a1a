"""A connection to a club of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.rows import add_club


@pytest.fixture
def connection(empty_club_database: str) -> Iterator[Connection]:
    """Connected to a club with settings and membership statuses, and nobody in it."""
    with Database(empty_club_database).connect("test") as connection:
        add_club(connection)
        yield connection
