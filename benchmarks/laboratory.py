"""Where a benchmark works: a folder, a PostgreSQL server that keeps its promises, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club
from m2s_orchestration.demo.club import load_tables as load_club_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database

# As a server in production has it: what is committed is on the disk.
DURABLE = ("fsync=on", "full_page_writes=on", "shared_buffers=512MB", "max_wal_size=4GB")


@dataclass(frozen=True)
class Laboratory:
    """`is_small` is for a look at whether everything works; `is_large` takes an hour."""

    folder: Path
    postgres: EmbeddedPostgres
    is_small: bool = False
    is_large: bool = False

    @contextmanager
    def database(self, name: str) -> Iterator[Database]:
        """An empty database of that name, gone at the end."""
        self.postgres.drop_database(name)
        self.postgres.create_database(name)
        try:
            yield Database(self.postgres.conninfo(name))
        finally:
            self.postgres.drop_database(name)

    @contextmanager
    def demo_club(self, name: str) -> Iterator[Database]:
        """The demo club with a ledger."""
        with self.database(name) as database:
            with psycopg.connect(database.conninfo) as connection:
                load_club_tables(connection)
                load_demo_club(connection)
            migrate(database)
            yield database
