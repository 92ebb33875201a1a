"""Puts rows into the club's tables, with a harmless value in every column that needs one."""

from __future__ import annotations

from itertools import count

from psycopg import sql

from m2s_orchestration.postgres import Connection

REQUIRED = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_nullable = 'NO' AND is_identity = 'NO'
  AND column_default IS NULL
"""

HARMLESS: dict[str, object] = {
    "boolean": False,
    "date": "2026-01-01",
    "timestamp with time zone": "2026-01-01T12:00:00Z",
    "character varying": "",
    "text": "",
    "jsonb": "{}",
}

_numbers = count(1)


def insert(connection: Connection, table: str, **values: object) -> int:
    """Insert one row and return its id."""
    required = connection.execute(REQUIRED, (table,)).fetchall()
    row = {name: HARMLESS.get(kind, 0) for name, kind in required} | values
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    found = connection.execute(statement, list(row.values())).fetchone()
    assert found is not None
    return int(found[0])


def add_club(connection: Connection, zone: str = "America/New_York") -> None:
    """The club's settings and three membership statuses, one of them not active."""
    insert(
        connection,
        "siteconfig_siteconfiguration",
        club_name="High Meadow Soaring",
        domain_name="example.org",
        canonical_url="https://www.example.org",
        club_timezone=zone,
    )
    for name, is_active in (
        ("Full Member", True),
        ("Emeritus Member", True),
        ("Inactive", False),
    ):
        insert(connection, "siteconfig_membershipstatus", name=name, is_active=is_active)


def add_member(connection: Connection, **values: object) -> int:
    """A full member with an address of their own; returns the id."""
    number = next(_numbers)
    defaults: dict[str, object] = {
        "username": f"member{number}",
        "first_name": "Alice",
        "last_name": f"Archer{number}",
        "email": f"member{number}@example.org",
        "membership_status": "Full Member",
        "is_active": True,
    }
    return insert(connection, "members_member", **{**defaults, **values})


def add_airfield(connection: Connection, identifier: str = "KFRR") -> int:
    """An airfield; returns the id."""
    return insert(
        connection, "logsheet_airfield", identifier=identifier, name="Front Royal", is_active=True
    )
