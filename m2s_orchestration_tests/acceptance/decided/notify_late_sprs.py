"""The decisions about overdue progress reports, each as a rule that the present system lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import (
    Seen,
    SeenMail,
    SeenNotices,
    named,
)

URL = "/instructors/"
SERVER_ZONE = ZoneInfo("America/New_York")
WEEK = timedelta(days=7)
FLIGHTS = """
SELECT flight.instructor_id, flight.pilot_id, sheet.log_date
FROM logsheet_flight AS flight JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized AND flight.instructor_id IS NOT NULL AND flight.pilot_id IS NOT NULL
"""
REPORTS = "SELECT instructor_id, student_id, report_date FROM instructors_instructionreport"


@dataclass(frozen=True)
class Rules:
    """Which decisions are in force; with none it is the present system."""

    club_date: bool = False
    longer: bool = False
    once: bool = False
    active_only: bool = False
    valid_only: bool = False


@dataclass(frozen=True)
class Told:
    """What an instructor's mail lists (`mailed`: whether there is one), and the notice's count."""

    lessons: tuple[tuple[int, date], ...]
    mailed: bool
    noticed: bool


def _owed(known: KnownClub, case: Case, rules: Rules) -> dict[int, list[tuple[int, date]]]:
    """The students and days of each instructor without a report."""
    today = known.club.date(case.moment)
    if not rules.club_date:
        today = case.moment.astimezone(SERVER_ZONE).date()
    days = case.values.get("max_days", 90 if rules.longer else 30)
    assert isinstance(days, int)
    reported = set(known.connection.execute(REPORTS).fetchall())
    owed: dict[int, list[tuple[int, date]]] = {}
    for instructor, student, day in known.connection.execute(FLIGHTS).fetchall():
        is_late = today - timedelta(days=days) <= day <= today - WEEK
        if is_late and (instructor, student, day) not in reported:
            owed.setdefault(instructor, []).append((student, day))
    return owed


def _told(known: KnownClub, case: Case, rules: Rules) -> dict[int, Told]:
    told = {}
    for id, lessons in _owed(known, case, rules).items():
        member = known.club.member(id)
        is_meant = known.club.is_active(member) or not rules.active_only
        fault = known.club.mail_fault(member) if rules.valid_only else None
        told[id] = Told(
            lessons=tuple(dict.fromkeys(lessons)) if rules.once else tuple(lessons),
            mailed=is_meant and bool(member.email) and not fault,
            noticed=is_meant,
        )
    return told


def _mail(known: KnownClub, id: int, told: Told | None) -> frozenset[SeenMail]:
    if told is None or not told.mailed:
        return frozenset()
    members = known.club.members
    names = {member.id: member.display_name for member in members.values()}
    read = "\n".join([names[id], *(names[student] for student, _ in told.lessons)])
    mail = SeenMail(
        to=(members[id].email,),
        numbers=(len(told.lessons),),
        members=frozenset(named(read, names)),
        dates=frozenset(day.isoformat() for _, day in told.lessons),
        links=frozenset({URL}),
    )
    return frozenset({mail})


def _notices(id: int, told: Told | None) -> SeenNotices:
    """The instructor's notice; nobody in the known clubs has an open one before."""
    if told is None or not told.noticed:
        return SeenNotices()
    return SeenNotices(created=Counter([(id, URL, len(told.lessons))]))


def _in_force(name: str) -> tuple[Rules, Rules]:
    """The rules without and with this decision, those before it being in force."""
    names = list(Rules.__dataclass_fields__)
    before = dict.fromkeys(names[: names.index(name)], True)
    return Rules(**before), Rules(**before, **{name: True})


def _apply(seen: Seen, known: KnownClub, case: Case, name: str) -> Seen:
    """Replace what is seen of every instructor for whom this decision makes a difference."""
    old, new = _in_force(name)
    before, after = _told(known, case, old), _told(known, case, new)
    for id in sorted({*before, *after}):
        was, now = before.get(id), after.get(id)
        mails = seen.mails - _mail(known, id, was) | _mail(known, id, now)
        notices = seen.notices - _notices(id, was) + _notices(id, now)
        seen = replace(seen, mails=mails, notices=notices)
    return seen


def _operators(seen: Seen, known: KnownClub, case: Case) -> Seen:
    """The instructors who cannot be mailed, each with the oldest day."""
    everything = Rules(**dict.fromkeys(Rules.__dataclass_fields__, True))
    told = _told(known, case, everything)
    oldest = [min(day for _, day in item.lessons) for item in told.values() if not item.mailed]
    if not oldest:
        return seen
    alert = SeenMail(
        to=(str(known.club.operators),),
        numbers=(len(oldest),),
        dates=frozenset(day.isoformat() for day in oldest),
        links=frozenset({"/members/"}),
    )
    return replace(seen, mails=seen.mails | {alert})


def _validate(seen: Seen, known: KnownClub, case: Case) -> Seen:
    days = case.values.get("max_days", 90)
    return Seen(refused=True) if isinstance(days, int) and days < 7 else seen


def _rule(name: str, title: str, sentence: str) -> Difference:
    return Difference(title, sentence, lambda seen, known, case: _apply(seen, known, case, name))


LATE_SPRS = (
    Difference(
        "a window of less than a week is refused",
        "Parameters are validated; max_days below the week after which a report is overdue fails.",
        _validate,
    ),
    _rule(
        "club_date",
        "age is counted in the club's dates",
        "All date arithmetic is on club dates: no server zone.",
    ),
    _rule(
        "longer",
        "reports are owed for 90 days",
        "Window: age 7 to max_days inclusive, default 90.",
    ),
    _rule(
        "once",
        "each student and day is one entry",
        "One entry per (instructor, student, flying day).",
    ),
    _rule(
        "active_only",
        "no instructor is told who is not active",
        "Nobody is told whose membership status is not active.",
    ),
    _rule(
        "valid_only",
        "nobody is mailed without a valid address",
        "Nobody is mailed whose address is blank or not a valid one.",
    ),
    Difference(
        "the operators hear of instructors who cannot be mailed",
        "An item with nobody to tell goes to the operators' alert.",
        _operators,
    ),
)
