"""The decisions about instructors' summaries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail, named

URL = "/duty_roster/calendar/"
EXTRA_DAYS = """
SELECT id, instructor_id, surge_instructor_id FROM duty_roster_dutyassignment
WHERE date = %s AND is_confirmed AND NOT is_scheduled
"""
STUDENTS = """
SELECT student_id FROM duty_roster_instructionslot
WHERE assignment_id = %s AND status IN ('pending', 'confirmed', 'waitlist')
"""


def _target(known: KnownClub, case: Case) -> date:
    if given := case.values.get("target_date"):
        return date.fromisoformat(str(given))
    wall = case.moment.astimezone(known.club.zone).replace(tzinfo=None)
    return (wall + timedelta(hours=int(str(case.values.get("hours_ahead", 48))))).date()


def _mails(known: KnownClub, case: Case) -> frozenset[SeenMail]:
    """The mails about an extra day."""
    days = known.connection.execute(EXTRA_DAYS, (_target(known, case),)).fetchall()
    return frozenset(
        _mail(known, case, known.club.member(instructor).email, id)
        for id, *instructors in days
        for instructor in {id for id in instructors if id is not None}
        if known.club.mail_fault(known.club.member(instructor)) is None
    )


def _mail(known: KnownClub, case: Case, address: str, day_id: int) -> SeenMail:
    students = [id for (id,) in known.connection.execute(STUDENTS, (day_id,)).fetchall()]
    names = {member.id: member.display_name for member in known.club.members.values()}
    target = _target(known, case)
    until = (target - known.club.date(case.moment)).days
    when = {1: (), 2: (2,)}.get(until, (target.day,))
    return SeenMail(
        to=(address,),
        numbers=(*when, *((len(students),) if students else ())),
        members=frozenset(named("\n".join(names[id] for id in students), names)),
        dates=frozenset({target.isoformat()}),
        links=frozenset({URL}),
    )


def _ad_hoc(seen: Seen, known: KnownClub, case: Case) -> Seen:
    return replace(seen, mails=seen.mails | _mails(known, case))


def _validate(seen: Seen, known: KnownClub, case: Case) -> Seen:
    given = case.values.get("target_date")
    try:
        _ = given and date.fromisoformat(str(given))
    except ValueError:
        return Seen(refused=True)
    return seen


INSTRUCTOR_SUMMARIES = (
    Difference(
        "what is no date is refused",
        "Parameters are validated; a bad one fails the run before it reads anything.",
        _validate,
    ),
    Difference(
        "confirmed extra days have a summary too",
        "Also on confirmed ad-hoc days.",
        _ad_hoc,
    ),
)
