"""Who is on duty when, and who comes to fly."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import NamedTuple

from m2s_orchestration.demo.days import AGING_DAY, DEMO_DAY, RECENT_DAYS, TRAINING_WEEK, moment
from m2s_orchestration.demo.flying import FlyingDay
from m2s_orchestration.demo.rows import Row, Rows

CONFIRMED_AD_HOC_DAYS = (AGING_DAY, *RECENT_DAYS)
MONDAY, TUESDAY, *_ = TRAINING_WEEK
MARSHAL = "grid_marshal"

# The columns of an assignment that name somebody, and the key of the same role in the role rows.
ROLE_KEYS = {
    "instructor_id": "instructor",
    "surge_instructor_id": "surge_instructor",
    "tow_pilot_id": "towpilot",
    "surge_tow_pilot_id": "surge_towpilot",
    "duty_officer_id": "duty_officer",
    "assistant_duty_officer_id": "assistant_duty_officer",
    "commercial_pilot_id": "commercial_pilot",
}

# Days to come: instructor, surge instructor, tow pilot, surge tow pilot, duty officer, assistant,
# commercial pilot, grid marshal. On Monday two people have two roles each.
COMING_DAYS: dict[date, tuple[int | None, ...]] = {
    MONDAY: (2, None, 9, 11, 17, 24, 11, 24),
    TUESDAY: (3, 7, 12, None, 20, 29, None, 26),
    TRAINING_WEEK[2]: (4, None, 13, None, 21, 30, None, 25),
    TRAINING_WEEK[3]: (8, None, 14, None, 22, 31, None, None),
    TRAINING_WEEK[4]: (1, None, 15, None, 23, 27, None, None),
    date(2026, 3, 7): (6, None, 10, None, 19, 28, None, None),
    date(2026, 3, 8): (7, None, 11, None, 16, 32, None, None),
    date(2026, 3, 14): (5, None, 12, None, 18, 25, None, None),
    date(2026, 3, 15): (2, None, 9, None, 22, 26, None, None),
    date(2026, 3, 21): (3, None, 13, None, 17, 27, None, None),
    date(2026, 3, 22): (8, None, 14, None, 20, 24, None, None),
}

# An extra day was proposed for the demo day itself, and one for later; neither found its crew.
PROPOSED_DAYS: dict[date, tuple[int | None, ...]] = {
    DEMO_DAY: (None, None, 14, None, None, None, None, None),
    date(2026, 3, 11): (4, None, None, None, None, 29, None, None),
}


class Lesson(NamedTuple):
    day: date
    student: int
    status: str
    wish: list[str]
    response: str = "pending"


class Intent(NamedTuple):
    day: date
    member: int
    available_as: list[str]
    glider: int | None = None


class Reservation(NamedTuple):
    day: date
    member: int
    glider: int
    kind: str
    preference: str
    start: time | None = None
    status: str = "confirmed"


LESSONS = (
    Lesson(DEMO_DAY, 45, "pending", ["general"]),
    Lesson(DEMO_DAY, 53, "pending", ["pre_solo"]),
    Lesson(MONDAY, 44, "confirmed", ["pre_solo", "general"], "accepted"),
    Lesson(MONDAY, 45, "pending", ["general"]),
    Lesson(MONDAY, 43, "waitlist", ["field_check"]),
    Lesson(MONDAY, 53, "cancelled", ["other"], "rejected"),
    Lesson(TUESDAY, 48, "confirmed", ["general"], "accepted"),
    Lesson(TUESDAY, 44, "pending", ["pre_solo"]),
    Lesson(TUESDAY, 57, "pending", []),
    Lesson(TUESDAY, 54, "waitlist", ["general"]),
)

# On Monday come a couple with one address, a member without and one with a broken one, and
# somebody who has left the club.
INTENTS = (
    Intent(DEMO_DAY, 39, ["club_single"], 4),
    Intent(MONDAY, 41, ["club_two", "guest"], 1),
    Intent(MONDAY, 42, ["guest"]),
    Intent(MONDAY, 38, ["club_single"], 4),
    Intent(MONDAY, 68, ["private"]),
    Intent(MONDAY, 44, ["instruction"]),
    Intent(MONDAY, 47, ["private"], 7),
    Intent(MONDAY, 69, ["club_single"]),
    Intent(TUESDAY, 56, ["faa_practical_test"]),
)

RESERVATIONS = (
    Reservation(DEMO_DAY, 40, 6, "solo", "full_day"),
    Reservation(MONDAY, 33, 4, "solo", "morning"),
    Reservation(MONDAY, 36, 1, "guest", "specific", time(13, 30)),
    Reservation(MONDAY, 34, 5, "badge", "afternoon"),
    Reservation(MONDAY, 39, 4, "solo", "full_day", status="cancelled"),
    Reservation(TUESDAY, 35, 2, "other", "midday"),
    Reservation(date(2026, 2, 22), 37, 4, "solo", "morning", status="completed"),
)


def duty(flown: list[FlyingDay]) -> Rows:
    """The assignments of the past year and of the weeks to come, with one row per role."""
    past = [_past(day) for day in flown]
    scheduled = [_coming(day, crew, True) for day, crew in COMING_DAYS.items()]
    proposed = [_coming(day, crew, False) for day, crew in PROPOSED_DAYS.items()]
    assignments: list[Row] = [
        {"id": number, **assignment}
        for number, assignment in enumerate([*past, *scheduled, *proposed], start=1)
    ]
    number_of = {assignment["date"]: assignment["id"] for assignment in assignments}
    roles = [role for assignment in assignments for role in _roles(assignment)]
    marshals = [
        _role(number_of[day], crew[-1], MARSHAL, definition=1)
        for day, crew in COMING_DAYS.items()
        if crew[-1]
    ]
    return {
        "duty_roster_dutyassignment": assignments,
        "duty_roster_dutyassignmentrole": [*roles, *marshals],
        "duty_roster_instructionslot": [
            {**_lesson(lesson, number=number), "assignment_id": number_of[lesson.day]}
            for number, lesson in enumerate(LESSONS)
        ],
    }


def plans() -> Rows:
    """What members mean to fly, days they cannot come, and the club's own duty role."""
    asked = moment(date(2026, 2, 24), 19)
    return {
        "duty_roster_opsintent": [_intent(intent) for intent in INTENTS],
        "duty_roster_gliderreservation": [
            _reservation(reservation) for reservation in RESERVATIONS
        ],
        "duty_roster_memberblackout": [
            {"member_id": 20, "date": date(2026, 3, 7), "note": "Away"},
            {"member_id": 22, "date": date(2026, 2, 22), "note": ""},
        ],
        "duty_roster_dutyroledefinition": [
            {
                "key": MARSHAL,
                "display_name": "Grid Marshal",
                "is_active": True,
                "sort_order": 10,
                "site_configuration_id": 1,
                "created_at": asked,
                "updated_at": asked,
            }
        ],
        "duty_roster_dutyqualificationrequirement": [
            {
                "role_definition_id": 1,
                "requirement_type": "member_duty_qualification",
                "requirement_value": MARSHAL,
                "is_required": True,
            }
        ],
        "duty_roster_memberdutyqualification": [
            _qualification(member, expires)
            for member, expires in (
                *((24, None), (25, None), (26, date(2026, 9, 30))),
                *((29, date(2026, 2, 27)), (30, DEMO_DAY)),
            )
        ],
    }


def _past(day: FlyingDay) -> Row:
    ad_hoc = day.day in CONFIRMED_AD_HOC_DAYS
    return {
        "date": day.day,
        "is_scheduled": not ad_hoc,
        "is_confirmed": ad_hoc,
        "location_id": 1,
        "instructor_id": day.instructor,
        "tow_pilot_id": day.tow_pilot,
        "surge_tow_pilot_id": day.surge_tow_pilot,
        "duty_officer_id": day.duty_officer,
        "assistant_duty_officer_id": day.assistant,
    }


def _coming(day: date, crew: tuple[int | None, ...], scheduled: bool) -> Row:
    named: Row = dict(zip(ROLE_KEYS, crew[:-1], strict=True))
    return {"date": day, "is_scheduled": scheduled, "location_id": 1, **named}


def _roles(assignment: Row) -> list[Row]:
    """The web application keeps every role twice: in the assignment and in a row of its own."""
    return [
        _role(assignment["id"], member, key, legacy=key)
        for column, key in ROLE_KEYS.items()
        if (member := assignment.get(column))
    ]


def _role(
    assignment: object, member: object, key: str, *, legacy: str = "", definition: int | None = None
) -> Row:
    return {
        "assignment_id": assignment,
        "member_id": member,
        "role_key": key,
        "legacy_role_key": legacy,
        "role_definition_id": definition,
    }


def _lesson(lesson: Lesson, *, number: int) -> Row:
    asked = moment(date(2026, 2, 23), 18, number)
    answered = lesson.response != "pending"
    return {
        "student_id": lesson.student,
        "instructor_id": COMING_DAYS[lesson.day][0] if answered else None,
        "status": lesson.status,
        "instructor_response": lesson.response,
        "instructor_response_at": asked + timedelta(days=1) if answered else None,
        "instruction_types": lesson.wish,
        "created_at": asked,
        "updated_at": asked,
    }


def _intent(intent: Intent) -> Row:
    return {
        "date": intent.day,
        "member_id": intent.member,
        "available_as": intent.available_as,
        "glider_id": intent.glider,
    }


def _reservation(reservation: Reservation) -> Row:
    cancelled = reservation.status == "cancelled"
    return {
        "date": reservation.day,
        "member_id": reservation.member,
        "glider_id": reservation.glider,
        "reservation_type": reservation.kind,
        "time_preference": reservation.preference,
        "start_time": reservation.start,
        "status": reservation.status,
        "cancelled_at": moment(date(2026, 2, 26), 8) if cancelled else None,
    }


def _qualification(member: int, expires: date | None) -> Row:
    return {
        "member_id": member,
        "qualification_code": MARSHAL,
        "is_qualified": True,
        "awarded_date": date(2025, 4, 5),
        "expires_on": expires,
    }
