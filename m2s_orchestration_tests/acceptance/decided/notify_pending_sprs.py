"""The decisions about pending progress reports, each as a rule that the present system lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen, SeenMail, SeenNotices, named

URL = "/instructors/"
FLIGHTS = """
SELECT flight.instructor_id, flight.pilot_id, sheet.log_date
FROM logsheet_flight AS flight JOIN logsheet_logsheet AS sheet ON sheet.id = flight.logsheet_id
WHERE sheet.finalized AND flight.instructor_id IS NOT NULL AND flight.pilot_id IS NOT NULL
"""
REPORTS = "SELECT instructor_id, student_id, report_date FROM instructors_instructionreport"
NOTICES = """
SELECT user_id, message FROM notifications_notification
WHERE message LIKE '%pending Student Progress Report%'
"""


@dataclass(frozen=True)
class Rules:
    """Which decisions are in force; with none it is the present system."""

    own_day: bool = False
    active_only: bool = False
    notice_without_address: bool = False


@dataclass(frozen=True)
class Told:
    """What an instructor is told of, and whether by mail and by a notice."""

    flown: date
    students: frozenset[int]
    mailed: bool
    noticed: bool


Pending = dict[int, dict[date, set[int]]]


def _days(known: KnownClub, case: Case) -> tuple[date, date]:
    """The first and the last day to look at."""
    today, values = known.club.date(case.moment), case.values
    if named_day := values.get("flight_date"):
        day = date.fromisoformat(str(named_day))
        return day, day
    if ago := values.get("days_ago"):
        day = today - timedelta(days=int(str(ago)))
        return day, day
    most = int(str(values.get("max_days", 30)))
    return today - timedelta(days=most), today - timedelta(days=1)


def _pending(known: KnownClub, case: Case) -> Pending:
    """The students without a report of each instructor and day they were not reminded of."""
    first, last = _days(known, case)
    reported = set(known.connection.execute(REPORTS).fetchall())
    notices = known.connection.execute(NOTICES).fetchall()
    pending: Pending = {}
    for instructor, student, day in known.connection.execute(FLIGHTS).fetchall():
        is_reminded = any(id == instructor and day.isoformat() in text for id, text in notices)
        if (instructor, student, day) not in reported and first <= day <= last and not is_reminded:
            pending.setdefault(instructor, {}).setdefault(day, set()).add(student)
    return pending


def _told(known: KnownClub, case: Case, rules: Rules) -> dict[int, Told]:
    pending, club = _pending(known, case), known.club
    has_address = {id: bool(club.member(id).email.strip()) for id in pending}
    days = {day for id in pending if has_address[id] for day in pending[id]}
    told = {}
    for id, theirs in pending.items():
        day = max(theirs if rules.own_day else days, default=None)
        if day is None or day not in theirs:
            continue
        member = club.member(id)
        is_meant = club.is_active(member) or not rules.active_only
        mailed = is_meant and has_address[id]
        noticed = is_meant if rules.notice_without_address else mailed
        told[id] = Told(day, frozenset(theirs[day]), mailed=mailed, noticed=noticed)
    return told


def _mail(known: KnownClub, id: int, told: Told | None) -> frozenset[SeenMail]:
    if told is None or not told.mailed:
        return frozenset()
    names = {member.id: member.display_name for member in known.club.members.values()}
    read = "\n".join([names[id], *(names[student] for student in told.students)])
    mail = SeenMail(
        to=(known.club.member(id).email.strip(),),
        numbers=(len(told.students), told.flown.day, told.flown.year),
        members=frozenset(named(read, names)),
        dates=frozenset({told.flown.isoformat()}),
        links=frozenset({URL, *(f"{URL}report/{id}/{told.flown}/" for id in told.students)}),
    )
    return frozenset({mail})


def _notices(id: int, told: Told | None) -> SeenNotices:
    if told is None or not told.noticed:
        return SeenNotices()
    return SeenNotices(created=Counter([(id, URL, len(told.students))]))


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
    """The instructors who cannot be mailed, each with their day."""
    everything = Rules(**dict.fromkeys(Rules.__dataclass_fields__, True))
    missed = [item.flown for item in _told(known, case, everything).values() if not item.mailed]
    if not missed:
        return seen
    alert = SeenMail(
        to=(str(known.club.operators),),
        numbers=(len(missed),),
        dates=frozenset(day.isoformat() for day in missed),
        links=frozenset({"/members/"}),
    )
    return replace(seen, mails=seen.mails | {alert})


def _rule(name: str, title: str, sentence: str) -> Difference:
    return Difference(title, sentence, lambda seen, known, case: _apply(seen, known, case, name))


PENDING_SPRS = (
    _rule(
        "own_day",
        "each instructor hears of a newest day of their own",
        "Per instructor the newest flying day in the window that they were not yet reminded of.",
    ),
    _rule(
        "active_only",
        "no instructor is reminded who is not active",
        "Nobody is told whose membership status is not active.",
    ),
    _rule(
        "notice_without_address",
        "a reminder in the application needs no address",
        "In-app notices are written also for those without an address.",
    ),
    Difference(
        "the operators hear of reminders that reach nobody",
        "An item with nobody to tell goes to the operators' alert.",
        _operators,
    ),
)
