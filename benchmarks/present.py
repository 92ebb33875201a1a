"""The present system's way of working, made again: its statements, one after the other.

They are made from a description of what it was seen to do: which statements a run issues, how
often, and over which rows. What Django adds to each (it builds the statement, and an object of each
row) is left out, so that what is said here of the present system is too good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, LiteralString

import psycopg

from benchmarks.club import AS_OF
from m2s_orchestration.postgres import statements

SQL = statements(__package__, "present.sql")
TODAY = AS_OF.date()
TABLE = re.compile(r"\b(?:FROM|JOIN) (\w+)(?: AS (\w+))?")
STAR = re.compile(r"(?:\b(\w+)\.\*|(?<=SELECT )\*)")


@dataclass
class Session:
    """A connection as Django has it: values are put into the statement, nothing is prepared.

    And a row's columns are named in the statement, each of them.
    """

    connection: psycopg.Connection[Any]
    texts: dict[str, LiteralString]
    statements: int = field(default=0)

    @classmethod
    def open(cls, conninfo: str) -> Session:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.ClientCursor,
            options="-c TimeZone=UTC",
        )
        columns: dict[str, list[str]] = {}
        for table, column in SQL["columns"].run(connection):
            columns.setdefault(table, []).append(column)
        texts = {name: _spelled_out(statement.text, columns) for name, statement in SQL.items()}
        return cls(connection, texts)

    def ask(self, name: str, **values: object) -> list[Any]:
        """What one statement returns, counted."""
        self.statements += 1
        cursor = self.connection.execute(self.texts[name], values)
        return cursor.fetchall() if cursor.description else []

    def begin(self, job: str) -> None:
        """Take the job's lock: in a transaction, whose ends are statements too."""
        self.ask("forget_expired")
        with self.connection.transaction():
            self.statements += 2
            self.ask("see_lock", job=job)
            self.ask("take_lock", job=job)

    def end(self, job: str) -> None:
        """Give the lock back."""
        self.ask("give_lock", job=job)

    def read_configuration(self, times: int) -> None:
        for _ in range(times):
            self.ask("configuration")

    def notify(self, member: int) -> None:
        self.ask("notify", member=member, text="something to be done", url="/")


def _spelled_out(text: LiteralString, columns: Mapping[str, Sequence[str]]) -> LiteralString:
    """Every `*` as the columns that it stands for."""
    tables = {alias or table: table for table, alias in TABLE.findall(text)}

    def named(found: re.Match[str]) -> str:
        source = found[1] or next(iter(tables))
        return ", ".join(f'"{source}"."{column}"' for column in columns[tables[source]])

    return STAR.sub(named, text)


def report_duty_delinquents(session: Session) -> int:
    """18 statements, 2 for each flyer, 3 more for each delinquent; returns how many of them."""
    session.begin("report_duty_delinquents")
    session.read_configuration(4)
    window = {"since": TODAY - timedelta(days=360), "joined_before": TODAY - timedelta(days=90)}
    statuses = [name for (name,) in session.ask("statuses")]
    for _ in range(3):
        flyers = session.ask("flyers", statuses=statuses, **window)
    found = [flyer for flyer in flyers if not _did_duty(session, flyer[0], window["since"])]
    for member, *_ in found:
        session.ask("count_flights", member=member, since=window["since"])
        flight = session.ask("latest_flight", member=member, since=window["since"])[0]
        session.ask("sheet", sheet=flight[0])
    for manager, *_ in session.ask("managers", statuses=statuses):
        session.notify(manager)
    session.end("report_duty_delinquents")
    return len(found)


def _did_duty(session: Session, member: int, since: date) -> bool:
    flown = session.ask("did_fly_duty", member=member, since=since)
    named = session.ask("did_sheet_duty", member=member, since=since)
    return bool(flown or named)


def notify_aging_logsheets(session: Session) -> int:
    """10 statements and 5 for each person; returns how many people."""
    session.begin("notify_aging_logsheets")
    session.read_configuration(3)
    sheets = session.ask("aging_sheets", before=TODAY - timedelta(days=7))
    people = dict.fromkeys(
        person
        for officer, assistant, creator, *_ in sheets
        for person in (_named(officer, assistant) or [creator])
    )
    for person in people:
        session.read_configuration(3)
        session.ask("open_notices", member=person)
        session.notify(person)
    session.end("notify_aging_logsheets")
    return len(people)


def _named(*people: int | None) -> list[int]:
    return [person for person in people if person is not None]


def notify_late_sprs(session: Session) -> int:
    """9 statements and 3 for each instructor; returns how many instructors."""
    session.begin("notify_late_sprs")
    session.read_configuration(1)
    since, before = TODAY - timedelta(days=30), TODAY - timedelta(days=7)
    flights = session.ask("instructed_flights", since=since, before=before)
    written = set(
        session.ask(
            "written_reports",
            since=since,
            today=TODAY,
            instructors=sorted({instructor for instructor, *_ in flights}),
        )
    )
    owed = [flight for flight in flights if tuple(flight[:3]) not in written]
    instructors = dict.fromkeys(instructor for instructor, *_ in owed)
    for instructor in instructors:
        session.read_configuration(2)
        session.notify(instructor)
    session.end("notify_late_sprs")
    return len(instructors)


BODIES: dict[str, Callable[[Session], int]] = {
    body.__name__: body
    for body in (report_duty_delinquents, notify_late_sprs, notify_aging_logsheets)
}
