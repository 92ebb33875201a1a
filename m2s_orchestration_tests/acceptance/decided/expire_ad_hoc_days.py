"""The decisions about extra flying days that found no crew."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, time, timedelta

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail, SeenRows

DAYS = """
SELECT id, date FROM duty_roster_dutyassignment WHERE NOT is_scheduled AND NOT is_confirmed
"""
ROLES = "SELECT id FROM duty_roster_dutyassignmentrole WHERE assignment_id = ANY(%s)"
REQUESTS = "SELECT id FROM duty_roster_instructionslot WHERE assignment_id = ANY(%s)"
STUDENTS = """
SELECT student_id FROM duty_roster_instructionslot
WHERE assignment_id = %s AND status IN ('pending', 'confirmed', 'waitlist')
"""


def _today(known: KnownClub, case: Case) -> date:
    return known.club.date(case.moment)


def _next_morning(known: KnownClub, case: Case) -> date:
    """The date of the first eight o'clock in the club after the moment."""
    clock = case.moment.astimezone(known.club.zone).time()
    return _today(known, case) + timedelta(days=int(clock >= time(8)))


def _days(known: KnownClub) -> list[tuple[int, date]]:
    return [(id, day) for id, day in known.connection.execute(DAYS)]


def _mail(address: str, day: date) -> SeenMail:
    return SeenMail(
        to=(address,),
        numbers=(day.day, day.year),
        dates=frozenset({day.isoformat()}),
        links=frozenset({"/duty_roster/calendar/"}),
    )


def _without(seen: Seen, known: KnownClub, days: list[int]) -> Seen:
    """The same with these days gone, and what hangs on them."""
    gone = {
        "duty_roster_dutyassignment": days,
        "duty_roster_dutyassignmentrole": _ids(known, ROLES, days),
        "duty_roster_instructionslot": _ids(known, REQUESTS, days),
    }
    rows = dict(seen.rows)
    for table, ids in gone.items():
        if ids:
            before = rows.get(table, SeenRows())
            rows[table] = replace(before, deleted=before.deleted.union(ids))
    return replace(seen, rows=rows)


def _ids(known: KnownClub, statement: str, days: list[int]) -> list[int]:
    return [id for (id,) in known.connection.execute(statement, (days,))]


def _until_the_next_morning(seen: Seen, known: KnownClub, case: Case) -> Seen:
    today, last = _today(known, case), _next_morning(known, case)
    due = {id: day for id, day in _days(known) if today <= day <= last}
    mails = seen.mails.union(_mail(str(known.club.mailing_list), day) for day in due.values())
    return _without(replace(seen, mails=mails), known, list(due))


def _missed(seen: Seen, known: KnownClub, case: Case) -> Seen:
    return _without(seen, known, [id for id, day in _days(known) if day < _today(known, case)])


def _students(seen: Seen, known: KnownClub, case: Case) -> Seen:
    today, last = _today(known, case), _next_morning(known, case)
    mails = (
        _mail(address, day)
        for id, day in _days(known)
        if today <= day <= last
        for address in _addresses(known, known.connection.execute(STUDENTS, (id,)).fetchall())
    )
    return replace(seen, mails=seen.mails.union(mails))


def _addresses(known: KnownClub, students: Iterable[tuple[int]]) -> list[str]:
    """The addresses of those who can be mailed."""
    members = [known.club.member(id) for (id,) in students]
    return [member.email for member in members if known.club.mail_fault(member) is None]


AD_HOC_DAYS = (
    Difference(
        "days are due up to the next operating morning",
        "Cancelled is what is still unconfirmed up to the first 08:00 club time to come.",
        _until_the_next_morning,
    ),
    Difference(
        "a day that was missed is cancelled too",
        "Days before that are cancelled too, and those that are over quietly.",
        _missed,
    ),
    Difference(
        "students whose request falls away are told",
        "Each student whose request falls away is told individually.",
        _students,
    ),
)
