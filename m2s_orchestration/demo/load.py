"""Loads the demo club into the database that the settings name, for a look at it in containers.

`python -m m2s_orchestration.demo.load`; it needs neither the demo's PostgreSQL nor its mailbox.
"""

from __future__ import annotations

import sys

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.errors import OrchestrationError
from m2s_orchestration.postgres import Database, translated
from m2s_orchestration.settings import Settings


def main() -> int:
    """Make the club and its ledger, unless there is a club already."""
    try:
        database = Database(Settings.from_environment().database)
        with database.connect("demo club") as connection, translated():
            told = _load(connection)
        migrate(database)
    except OrchestrationError as fault:
        print(f"demo club: {fault}", file=sys.stderr)
        return 1
    print(told)
    return 0


def _load(connection: psycopg.Connection) -> str:
    try:
        # In one transaction: half a club would be taken for a whole one the next time.
        with connection.transaction():
            load_tables(connection)
            load_demo_club(connection)
    except psycopg.errors.DuplicateTable:
        return "There is a club in this database already; it is left as it is."
    return "The demo club is loaded."


if __name__ == "__main__":
    sys.exit(main())
