"""A demo club in whose cells anything may be written, and which is as before a moment later.

Every cell that could show in a mail begins with a mark of its own, so that an undisturbed run says
which mail tells which cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from psycopg import sql
from psycopg.types.json import Jsonb

from m2s_orchestration.postgres import Connection, Database

MARK = re.compile(r"QX[0-9]{4}Z|q[0-9]{4}@members\.example")

# What people of the club write, by table. What no mail tells is here too: it must not show.
CELLS: Mapping[str, tuple[str, ...]] = {
    "members_member": (
        *("first_name", "middle_initial", "last_name", "name_suffix", "nickname"),
        *("email", "public_notes", "private_notes"),
    ),
    "logsheet_airfield": ("identifier", "name"),
    "logsheet_glider": ("n_number", "competition_number", "model"),
    "logsheet_towplane": ("name", "n_number"),
    "logsheet_maintenanceissue": ("description", "resolution_notes"),
    "logsheet_maintenancedeadline": ("description",),
    "duty_roster_dutyroledefinition": ("display_name",),
    "duty_roster_dutyassignment": ("notes",),
    "duty_roster_dutyassignmentrole": ("role_key",),
    "duty_roster_opsintent": ("available_as", "notes"),
    "duty_roster_gliderreservation": ("reservation_type", "time_preference", "purpose"),
    "duty_roster_instructionslot": ("student_notes", "instructor_note"),
    "siteconfig_membershipstatus": ("name",),
    "siteconfig_siteconfiguration": (
        "club_name",
        *("duty_officer_title", "assistant_duty_officer_title", "towpilot_title"),
        *("surge_towpilot_title", "instructor_title", "surge_instructor_title"),
        *("commercial_pilot_title", "club_address_line1", "club_address_line2", "club_city"),
        *("club_state", "club_zip_code", "club_country"),
    ),
}
# These must differ from row to row: by a constraint, or because equal ones are told as one.
DISTINCT = {"identifier", "n_number", "role_key", "display_name"}
CAPITALS = {("logsheet_glider", "n_number"), ("logsheet_glider", "competition_number")}
SETTINGS = ("domain_name", "canonical_url", "club_logo", "club_timezone")
# What runs change besides.
CLUB_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name
"""
SPACIOUS = """
SELECT column_name, character_maximum_length FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND data_type = 'character varying'
"""
LEDGER = "occurrence, delivery, attempt, notice, lease_event"


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of the club's database."""

    table: str
    column: str
    row: int

    def __str__(self) -> str:
        return f"{self.table}.{self.column}[{self.row}]"

    @property
    def is_address(self) -> bool:
        return self.column == "email"

    @property
    def is_distinct(self) -> bool:
        return (
            self.column in DISTINCT
            or self.column.endswith("_title")
            or self.table == "siteconfig_membershipstatus"
        )


class FuzzClub:
    """The club and its cells. The database is of no use for anything else afterwards."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.marks: dict[str, Cell] = {}
        with database.connect("fuzz") as connection:
            self._widths = {
                (table, name): width for table in CELLS for name, width in _widen(connection, table)
            }
            for number, cell in enumerate(_cells(connection)):
                mark = f"q{number:04}@members.example" if cell.is_address else f"QX{number:04}Z"
                self.marks[mark] = cell
                self._write(connection, cell, mark)
            found = connection.execute(CLUB_TABLES).fetchall()
            self._tables = [str(table) for (table,) in found]
            connection.execute("CREATE SCHEMA pristine")
            for table in self._tables:
                connection.execute(f"CREATE TABLE pristine.{table} AS TABLE {table}")

    @cached_property
    def mark_of(self) -> Mapping[Cell, str]:
        return {cell: mark for mark, cell in self.marks.items()}

    def restore(self) -> None:
        """As if nothing had ever been written or sent."""
        with self.database.connect("fuzz") as connection, connection.transaction():
            # Without triggers: each table is whole again, so no key can dangle.
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in self._tables:
                connection.execute(f"DELETE FROM {table}")
                connection.execute(f"INSERT INTO {table} TABLE pristine.{table}")
            ledger = LEDGER.replace(", ", ", m2s_orchestration.")
            connection.execute(f"TRUNCATE m2s_orchestration.{ledger}")

    def write(self, values: Mapping[Cell, str]) -> dict[Cell, str]:
        """Write into cells. What is then to be read in the mails that tell them, by cell."""
        with self.database.connect("fuzz") as connection, connection.transaction():
            written = {cell: self._fitted(cell, value) for cell, value in values.items()}
            with connection.pipeline():
                for cell, value in written.items():
                    self._write(connection, cell, value)
            return {cell: _shown(connection, cell, value) for cell, value in written.items()}

    def set(self, column: str, value: str) -> None:
        """Change a setting of the site."""
        with self.database.connect("fuzz") as connection:
            statement = sql.SQL("UPDATE siteconfig_siteconfiguration SET {} = %s")
            connection.execute(statement.format(sql.Identifier(column)), (value,))

    def _fitted(self, cell: Cell, value: str) -> str:
        number = str(int(self.mark_of[cell][2:6])) if cell.is_distinct else ""
        width = self._widths.get((cell.table, cell.column))
        return value[: width - len(number)] + number if width else value + number

    def _write(self, connection: Connection, cell: Cell, value: str) -> None:
        if cell.table == "siteconfig_membershipstatus":
            connection.execute(
                "UPDATE members_member SET membership_status = %s WHERE membership_status ="
                " (SELECT name FROM siteconfig_membershipstatus WHERE id = %s)",
                (value, cell.row),
            )
        statement = sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(
            sql.Identifier(cell.table), sql.Identifier(cell.column)
        )
        stored = Jsonb([value]) if cell.column == "available_as" else value
        connection.execute(statement, (stored, cell.row))


def _widen(connection: Connection, table: str) -> Iterator[tuple[str, int]]:
    """Let columns hold any text, but for those under an index, whose widths come back."""
    columns = (*CELLS[table], *(SETTINGS if table == "siteconfig_siteconfiguration" else ()))
    for name, width in connection.execute(SPACIOUS, (table,)).fetchall():
        if name in {"identifier", "role_key"} or (table, name) in {
            ("logsheet_glider", "n_number"),
            ("siteconfig_membershipstatus", "name"),
        }:
            yield name, int(width)
        elif name in {*columns, "membership_status"}:
            connection.execute(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE text")


def _cells(connection: Connection) -> Iterator[Cell]:
    """Every cell; of what a member may leave blank, only some members' filled in."""
    for table, columns in CELLS.items():
        where = {
            "siteconfig_membershipstatus": "WHERE is_active AND name <> 'Emeritus Member'",
            "duty_roster_dutyassignmentrole": "WHERE role_key = 'grid_marshal'",
            "siteconfig_siteconfiguration": "WHERE id = 1",
        }.get(table, "")
        rows = connection.execute(f"SELECT id FROM {table} {where} ORDER BY id").fetchall()
        for (row,) in rows:
            for column in columns:
                every = {"nickname": 2, "middle_initial": 3, "name_suffix": 5}.get(column, 1)
                if row % every == 0:
                    yield Cell(table, column, row)


def _shown(connection: Connection, cell: Cell, value: str) -> str:
    if (cell.table, cell.column) in CAPITALS:
        found = connection.execute("SELECT upper(%s)", (value,)).fetchone()
        return str(found[0]) if found else ""
    # Of these the club's code says that spaces around them are none.
    is_trimmed = cell.table in {"members_member", "siteconfig_siteconfiguration"}
    return value.strip() if is_trimmed or cell.column == "display_name" else value
