"""The decisions about the briefing, each as a rule that the present system lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from m2s_orchestration.club.member import Member
from m2s_orchestration.mail.addresses import normalise
from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Calendar, Seen, SeenMail, named

URL = "/duty_roster/calendar/"
DAY = timedelta(days=1)
ROLES = (
    *("instructor", "surge_instructor", "towpilot", "surge_towpilot"),
    *("duty_officer", "assistant_duty_officer"),
)
FLYING_DAY = """
SELECT id, instructor_id, surge_instructor_id, tow_pilot_id, surge_tow_pilot_id,
       duty_officer_id, assistant_duty_officer_id
FROM duty_roster_dutyassignment WHERE date = %s AND (is_scheduled OR is_confirmed)
"""
ROLE_ROWS = """
SELECT role_key, member_id FROM duty_roster_dutyassignmentrole
WHERE assignment_id = %s AND member_id IS NOT NULL ORDER BY id
"""
STUDENTS = """
SELECT student_id, status FROM duty_roster_instructionslot
WHERE assignment_id = %s AND status IN ('pending', 'confirmed', 'waitlist')
"""
OTHERS = """
SELECT member_id FROM duty_roster_opsintent WHERE date = %(day)s
UNION ALL
SELECT member_id FROM duty_roster_gliderreservation WHERE date = %(day)s AND status = 'confirmed'
"""
DEADLINES = """
SELECT due_date, coalesce(glider.is_active, towplane.is_active)
FROM logsheet_maintenancedeadline AS deadline
LEFT JOIN logsheet_glider AS glider ON glider.id = deadline.glider_id
LEFT JOIN logsheet_towplane AS towplane ON towplane.id = deadline.towplane_id
WHERE due_date <= %s::date + 30
"""


@dataclass(frozen=True)
class Rules:
    """Which decisions are in force; with none it is the present system."""

    in_use: bool = False
    role_rows: bool = False
    one_message: bool = False
    confirmed: bool = False
    compared: bool = False
    active_only: bool = False


@dataclass(frozen=True)
class Day:
    """A flying day: (role, member) of its crew, (student, status), and who else comes."""

    date: date
    crew: tuple[tuple[str, Member], ...]
    students: tuple[tuple[int, str], ...]
    others: tuple[int, ...]


def _day(known: KnownClub, case: Case, rules: Rules) -> Day | None:
    target = known.club.date(case.moment) + DAY
    if asked := case.values.get("target_date"):
        target = date.fromisoformat(str(asked))
    found = known.connection.execute(FLYING_DAY, (target,)).fetchone()
    if found is None:
        return None
    assignment, *ids = found
    crew = [(role, id) for role, id in zip(ROLES, ids, strict=True) if id]
    if rules.role_rows:
        rows = known.connection.execute(ROLE_ROWS, (assignment,)).fetchall()
        crew = list(dict.fromkeys([*crew, *rows]))
    return Day(
        date=target,
        crew=tuple((role, known.club.member(id)) for role, id in crew),
        students=tuple(known.connection.execute(STUDENTS, (assignment,)).fetchall()),
        others=tuple(id for (id,) in known.connection.execute(OTHERS, {"day": target})),
    )


def _body(known: KnownClub, day: Day, rules: Rules, *, for_crew: bool) -> SeenMail:
    """What everybody reads, to nobody yet."""
    names = {member.id: member.display_name for member in known.club.members.values()}
    is_shown = for_crew or not rules.confirmed
    students = [id for id, status in day.students if is_shown or status == "confirmed"]
    listed = [*(member.id for _, member in day.crew), *students, *day.others]
    deadlines = known.connection.execute(DEADLINES, (day.date,)).fetchall()
    dates = [due for due, in_use in deadlines if in_use or not rules.in_use]
    return SeenMail(
        to=(),
        numbers=(),
        members=named("\n".join(names[id] for id in listed), names),
        dates=frozenset(day.isoformat() for day in (day.date, *dates)),
        links=frozenset({URL}),
    )


def _is_told(known: KnownClub, member: Member, rules: Rules) -> bool:
    if rules.active_only:
        return known.club.mail_fault(member) is None
    return bool(member.email)


def _calendar(known: KnownClub, day: Day, title: str, filename: str) -> Calendar:
    entry = {
        "filename": filename,
        "dtstart": f"{day.date:%Y%m%d}",
        "dtend": f"{day.date + DAY:%Y%m%d}",
        "summary": f"{title} - {known.club.name}",
    }
    return tuple(sorted(entry.items()))


def _duty(known: KnownClub, day: Day, role: str) -> Calendar:
    title = known.club.title(role)
    name = f"duty-{day.date}-{title.lower().replace(' ', '-')}.ics"
    return _calendar(known, day, title, name)


def _to_crew(known: KnownClub, day: Day, rules: Rules) -> Iterator[SeenMail]:
    body = _body(known, day, rules, for_crew=True)
    crew = [(role, member) for role, member in day.crew if _is_told(known, member, rules)]
    if not rules.one_message:
        for role, member in crew:
            yield replace(body, to=(member.email,), calendars=(_duty(known, day, role),))
        return
    for member in {member.id: member for _, member in crew}.values():
        duties = (_duty(known, day, role) for role, other in crew if other is member)
        yield replace(body, to=(member.email.strip(),), calendars=tuple(sorted(duties)))


def _to_flyers(known: KnownClub, day: Day, rules: Rules) -> Iterator[SeenMail]:
    body = _body(known, day, rules, for_crew=False)
    file = _calendar(known, day, "Flying Day", f"flying-day-{day.date}.ics")
    taken = {_key(member, rules) for _, member in day.crew if _is_told(known, member, rules)}
    on_crew = {member.id for _, member in day.crew}
    ids = {*(id for id, _ in day.students), *day.others}
    coming = (known.club.member(id) for id in sorted(ids))
    for member in _once(coming, rules):
        on_duty = rules.compared and member.id in on_crew
        if _is_told(known, member, rules) and _key(member, rules) not in taken and not on_duty:
            yield replace(body, to=(member.email,), calendars=(file,))


def _once(members: Iterable[Member], rules: Rules) -> Iterable[Member]:
    """Of people at one address the first."""
    found: dict[str, Member] = {}
    for member in members:
        found.setdefault(_key(member, rules), member)
    return found.values()


def _key(member: Member, rules: Rules) -> str:
    return normalise(member.email) if rules.compared else member.email


def _mails(known: KnownClub, case: Case, rules: Rules) -> frozenset[SeenMail]:
    day = _day(known, case, rules)
    if day is None:
        return frozenset()
    to_crew = frozenset(_to_crew(known, day, rules))
    # Without a crew that can be mailed the present system tells nobody; no day here is like that.
    return to_crew | frozenset(_to_flyers(known, day, rules)) if to_crew else frozenset()


def _apply(name: str, seen: Seen, known: KnownClub, case: Case) -> Seen:
    names = list(Rules.__dataclass_fields__)
    before = dict.fromkeys(names[: names.index(name)], True)
    old, new = Rules(**before), Rules(**before, **{name: True})
    mails = seen.mails - _mails(known, case, old) | _mails(known, case, new)
    return replace(seen, mails=mails)


def _validate(seen: Seen, known: KnownClub, case: Case) -> Seen:
    try:
        date.fromisoformat(str(case.values.get("target_date", "2026-03-01")))
    except ValueError:
        return Seen(refused=True)
    return seen


DUTY_PREOP = (
    Difference(
        "what is no date is refused",
        "Parameters are validated; what is no ISO date fails the run.",
        _validate,
    ),
    Difference(
        "aircraft that are not in use are left out",
        "Ours do what the present system does, without its faults: it lists retired aircraft.",
        partial(_apply, "in_use"),
    ),
    Difference(
        "role rows count as crew",
        "Crew also counts commercial_pilot_id and duty_roster_dutyassignmentrole rows.",
        partial(_apply, "role_rows"),
    ),
    Difference(
        "all roles of a person are one message",
        "One message per crew member with every role of theirs and one calendar file per role.",
        partial(_apply, "one_message"),
    ),
    Difference(
        "only the crew sees unconfirmed students",
        "Students' request status is shown to the crew; participants see confirmed names only.",
        partial(_apply, "confirmed"),
    ),
    Difference(
        "addresses are compared without regard to case and blanks",
        "Addresses are compared trimmed and case-insensitively.",
        partial(_apply, "compared"),
    ),
    Difference(
        "neither crew nor participants are told who are not active",
        "Nobody is mailed whose membership status is not active or whose address is not valid.",
        partial(_apply, "active_only"),
    ),
)
