"""The demo club: its tables, its seventy-five members and a year of their life."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from importlib.resources import files

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from m2s_orchestration import notifications
from m2s_orchestration.demo import fleet, flying, paperwork, people, roster, swaps
from m2s_orchestration.demo.days import DEMO_DAY
from m2s_orchestration.demo.rows import Row, Rows
from m2s_orchestration.notifications import NAMES
from m2s_orchestration.postgres import statements

__all__ = ["DEMO_DAY", "load_demo_club", "load_tables"]

# The web application writes a blank where nothing is known, so what a row does not say is blank.
BLANKS: dict[str, object] = {
    "varchar": "",
    "text": "",
    "bool": False,
    "int2": 0,
    "int4": 0,
    "numeric": 0,
    "jsonb": Jsonb([]),
    "timestamptz": datetime(2026, 1, 1, 12, tzinfo=UTC),
}


def load_tables(connection: psycopg.Connection) -> None:
    """Make the club's empty tables, in one transaction."""
    with connection.transaction():
        connection.execute(_statement("club_tables.sql"))


def load_demo_club(connection: psycopg.Connection) -> None:
    """Fill the club's empty tables with the demo club, in one transaction."""
    with connection.transaction():
        connection.execute(_statement("club_site.sql"))
        columns = _columns(connection)
        for table, rows in _club().items():
            _copy(connection, table, columns[table], rows)
        connection.execute(_statement("club_keys.sql"))
        for name in NAMES:
            _load_rows_of(f"{notifications.__name__}.{name}", connection)


def _load_rows_of(package: str, connection: psycopg.Connection) -> None:
    """What a notification adds so that it has something to say: its `demo.sql`, if it has one."""
    if (files(package) / "demo.sql").is_file():
        for statement in statements(package, "demo.sql").values():
            statement.run(connection)


def _club() -> Rows:
    flown = flying.flying_days()
    return {
        "members_member": people.members(),
        **fleet.aircraft(),
        **flying.sheets(flown),
        **flying.instruction(flown),
        **roster.duty(flown),
        **roster.plans(),
        **swaps.swaps(),
        **paperwork.paperwork(flown),
    }


Columns = list[tuple[str, str, bool]]


def _columns(connection: psycopg.Connection) -> dict[str, Columns]:
    """The columns of every table: name, type, and whether it may be null."""
    columns: dict[str, Columns] = defaultdict(list)
    for table, column, kind, nullable in connection.execute(_statement("club_columns.sql")):
        columns[table].append((column, kind, nullable))
    return columns


def _copy(connection: psycopg.Connection, table: str, columns: Columns, rows: list[Row]) -> None:
    unknown = set().union(*rows) - {name for name, _, _ in columns}
    if unknown:
        raise ValueError(f"The demo club names columns that {table} does not have: {unknown}")
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for number, row in enumerate(rows, start=1):
            numbered: Row = {"id": number, **row}
            copy.write_row([_cell(numbered, *column) for column in columns])


def _cell(row: Row, name: str, kind: str, nullable: bool) -> object:
    value = row.get(name, None if nullable else BLANKS.get(kind))
    return Jsonb(value) if isinstance(value, list | dict) else value


def _statement(file: str) -> bytes:
    return (files("m2s_orchestration.demo") / file).read_bytes()
