"""One club for many rounds: after each its rows are put back, and that they are is made sure of.

A database of its own for every round would take longer than the round.
"""

from __future__ import annotations

from m2s_orchestration.postgres import Connection, Database

LEDGER = ("attempt", "delivery", "notice", "occurrence", "lease_event")
CLUB_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name
"""


class FreshLedger:
    """Knows how a club was when nobody of it had been told anything."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.connect("laboratory") as connection:
            connection.execute("CREATE SCHEMA as_it_was")
            self._as_it_was = _digests(connection)
            for table in self._as_it_was:
                connection.execute(f"CREATE TABLE as_it_was.{table} AS TABLE public.{table}")

    def restore(self) -> None:
        """Nobody has been told anything, and every row of the club is as it was."""
        with self._database.connect("laboratory") as connection:
            with connection.transaction():
                # Foreign keys are not looked at in between.
                connection.execute("SET LOCAL session_replication_role = replica")
                for table in LEDGER:
                    connection.execute(f"DELETE FROM m2s_orchestration.{table}")
                for table in self._differing(connection):
                    connection.execute(f"DELETE FROM {table}")
                    connection.execute(f"INSERT INTO {table} TABLE as_it_was.{table}")
            differing = self._differing(connection)
        assert not differing, f"these are not as they were: {', '.join(differing)}"

    def _differing(self, connection: Connection) -> list[str]:
        now = _digests(connection)
        return [table for table, digest in self._as_it_was.items() if now[table] != digest]


def _digests(connection: Connection) -> dict[str, str]:
    """A digest of every row of each of the club's tables."""
    tables = [str(table) for (table,) in connection.execute(CLUB_TABLES).fetchall()]
    asked = " UNION ALL ".join(
        f"SELECT '{table}', md5(coalesce(string_agg(row::text, '' ORDER BY row::text), ''))"
        f" FROM {table} AS row"
        for table in tables
    )
    return dict(connection.execute(asked).fetchall())
