"""Clubs of any size, written by COPY: squads of 75, the size that the present system was timed on.

In each squad 57 fly, 19 of them without doing duty; 8 of 9 instructors owe reports; two people have
a logsheet that ages. A squad has its own airfield and flies on every Saturday and Sunday of 144
weeks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from itertools import islice

import psycopg
from psycopg import sql

from m2s_orchestration.demo.club import load_tables
from m2s_orchestration.postgres import Database, statements

SQL = statements(__package__, "club.sql")

SQUAD = 75
FLYERS = 57
INSTRUCTORS = range(9)
TOW_PILOTS = range(9, 19)
OFFICERS = range(19, 38)
FLIGHTS_A_DAY = 21
WEEKS = 144
AS_OF = datetime(2026, 3, 2, 10, tzinfo=UTC)
LAST_DAY = date(2026, 3, 1)
OPEN_DAY = date(2026, 2, 21)
UNREPORTED_SINCE = date(2026, 1, 31)
LINES_AT_ONCE = 10_000

DAYS = tuple(
    LAST_DAY - timedelta(weeks=week, days=day) for week in reversed(range(WEEKS)) for day in (1, 0)
)
MEMBER = (
    *("id", "password", "username", "first_name", "last_name", "email", "membership_status"),
    *("joined_club", "instructor", "towpilot", "duty_officer", "member_manager", "is_active"),
    *("is_superuser", "is_staff", "date_joined", "glider_rating", "assistant_duty_officer"),
    *("secretary", "treasurer", "webmaster", "director", "rostermeister", "redact_contact"),
    *("safety_officer", "is_stats_monger"),
)
SHEET = (
    *("id", "log_date", "created_at", "finalized", "airfield_id", "duty_officer_id"),
    *("assistant_duty_officer_id", "created_by_id", "duty_instructor_id", "tow_pilot_id"),
)
FLIGHT = (
    *("id", "logsheet_id", "pilot_id", "instructor_id", "tow_pilot_id", "launch_time"),
    *("landing_time", "passenger_name", "launch_method", "flight_type", "notes", "created_at"),
    *("free_rental", "free_tow", "is_retrieve", "commercial_ride", "release_altitude"),
)
REPORT = (
    *("instructor_id", "student_id", "report_date", "report_text", "simulator"),
    *("created_at", "updated_at"),
)


def load_club(database: Database, members: int) -> int:
    """Make a club of so many members in an empty database; returns how many flights it has."""
    squads = members // SQUAD
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        load_tables(connection)
        site = resources.files("m2s_orchestration.demo") / "club_site.sql"
        connection.execute(site.read_bytes())
        SQL["mind_no_keys"].run(connection)
        SQL["airfields"].run(connection, squads=squads)
        indexes = SQL["indexes"].run(connection)
        for leave, _ in indexes:
            connection.execute(leave)
        _copy(connection, "members_member", MEMBER, _members(squads))
        _copy(connection, "logsheet_logsheet", SHEET, _sheets(squads))
        _copy(connection, "logsheet_flight", FLIGHT, _flights(squads))
        _copy(connection, "instructors_instructionreport", REPORT, _reports(squads))
        for _, make in indexes:
            connection.execute(make)
        for extra in ("flight_sheet", "flight_tow", "member_status", "member_name"):
            SQL[f"index_{extra}"].run(connection)
        connection.execute("VACUUM ANALYZE")
        return int(SQL["flights"].run(connection)[0][0])


def _copy(
    connection: psycopg.Connection, table: str, columns: Iterable[str], lines: Iterator[str]
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while block := "".join(islice(lines, LINES_AT_ONCE)):
            copy.write(block)


def _member(squad: int, place: int) -> int:
    return squad * SQUAD + place + 1


def _members(squads: int) -> Iterator[str]:
    for squad in range(squads):
        for place in range(SQUAD):
            number = _member(squad, place)
            status = "Inactive" if place == SQUAD - 1 else "Full Member"
            roles = (place in INSTRUCTORS, place in TOW_PILOTS, place in OFFICERS)
            flags = "\t".join("ft"[role] for role in (*roles, squad == 0 and 57 <= place < 60))
            yield (
                f"{number}\t!\tm{number}\tFirst{place}\tLast{number}\tm{number}@club.example"
                f"\t{status}\t2015-05-02\t{flags}\tt\tf\tf\t2015-05-02\tprivate" + "\tf" * 9 + "\n"
            )


def _sheets(squads: int) -> Iterator[str]:
    for squad in range(squads):
        for number, day in enumerate(DAYS):
            officer, assistant = (_member(squad, OFFICERS[(number + by) % 19]) for by in (0, 7))
            instructor = _member(squad, INSTRUCTORS[number % 9])
            tow_pilot = _member(squad, TOW_PILOTS[number % 10])
            yield (
                f"{_sheet(squad, number)}\t{day}\t{day}\t{'ft'[day != OPEN_DAY]}\t{squad + 1}"
                f"\t{officer}\t{assistant}\t{officer}\t{instructor}\t{tow_pilot}\n"
            )


def _sheet(squad: int, number: int) -> int:
    return squad * len(DAYS) + number + 1


def _flights(squads: int) -> Iterator[str]:
    identity = 0
    for squad in range(squads):
        for number, day in enumerate(DAYS):
            for flight in range(FLIGHTS_A_DAY):
                identity += 1
                pilot, instructor, tow_pilot = _crew(squad, number, flight)
                yield (
                    f"{identity}\t{_sheet(squad, number)}\t{pilot}\t{instructor or chr(92) + 'N'}"
                    f"\t{tow_pilot}\t10:{flight:02}\t10:{flight + 20}\t\ttow\tdual\t\t{day}"
                    "\tf\tf\tf\tf\t3000\n"
                )


def _crew(squad: int, number: int, flight: int) -> tuple[int, int | None, int]:
    """Pilot, instructor of every fourth flight, and tow pilot."""
    turn = number * FLIGHTS_A_DAY + flight
    instructor = None if turn % 4 else _member(squad, INSTRUCTORS[turn // 4 % 9])
    tow_pilot = _member(squad, TOW_PILOTS[turn % 10])
    return _member(squad, turn % FLYERS), instructor, tow_pilot


def _reports(squads: int) -> Iterator[str]:
    for squad in range(squads):
        diligent = _member(squad, INSTRUCTORS[-1])
        for number, day in enumerate(DAYS):
            crews = (_crew(squad, number, flight) for flight in range(FLIGHTS_A_DAY))
            for pilot, instructor, _ in dict.fromkeys(crews):
                if instructor and (day < UNREPORTED_SINCE or instructor == diligent):
                    yield f"{instructor}\t{pilot}\t{day}\twent well\tf\t{day}\t{day}\n"
