"""A year of flying: logsheets, flights, lessons, and the reports that instructors still owe."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from m2s_orchestration.demo.days import AGING_DAY, RECENT_DAYS, finalized_days, moment
from m2s_orchestration.demo.fleet import SINGLE_SEATERS, TWO_SEATERS
from m2s_orchestration.demo.people import (
    ASSISTANTS,
    DUTY_OFFICERS,
    INSTRUCTORS,
    PEOPLE,
    STUDENTS,
    TOW_PILOTS,
)
from m2s_orchestration.demo.rows import Row, Rows

YEAR_BEGINS = date(2025, 3, 8)

# Lessons whose report nobody wrote: day, instructor, student and flights. They are chosen so that
# on the Monday after the demo day there is one of every age, some of them told of before.
OWED_REPORTS = (
    (date(2025, 11, 15), 6, 50, 1),
    (date(2025, 12, 13), 8, 43, 1),
    (date(2025, 12, 14), 71, 44, 1),
    (date(2026, 1, 10), 5, 45, 1),
    (date(2026, 1, 31), 5, 44, 2),
    (date(2026, 2, 1), 3, 28, 3),
    (date(2026, 2, 7), 3, 48, 1),
    (date(2026, 2, 8), 6, 30, 1),
    (date(2026, 2, 14), 2, 45, 1),
    (date(2026, 2, 15), 7, 44, 1),
    (date(2026, 2, 21), 4, 53, 2),
    (date(2026, 2, 22), 4, 54, 1),
    (date(2026, 2, 22), 2, 29, 1),
)

# Flights that count for nobody's year: before it, on open sheets, by members since gone.
ODD_FLIGHTS = (
    *((date(2025, 2, 22), pilot) for pilot in (62, 62, 62, 62, 49)),
    *((date(2025, 4, 12), pilot) for pilot in (69, 69, 69, 74, 74, 74)),
    *((RECENT_DAYS[1], pilot) for pilot in (66, 66, 66)),
    *((AGING_DAY, pilot) for pilot in (32, 33, 51)),
    *((RECENT_DAYS[0], pilot) for pilot in (36, 37)),
)


GUESTS = ("Abby Lind", "Connor Hale", "Priya Rao", "Emil Berg", "Dana Wolfe", "Theo Lamb")


@dataclass(frozen=True)
class Flight:
    """A flight of a member, or of a guest if `pilot` is None."""

    pilot: int | None
    instructor: int | None = None


@dataclass
class FlyingDay:
    """One logsheet with its crew; `number` is its key."""

    number: int
    day: date
    finalized: bool
    duty_officer: int
    assistant: int
    instructor: int
    tow_pilot: int
    surge_tow_pilot: int | None
    flights: list[Flight] = field(default_factory=list)


def flying_days() -> list[FlyingDay]:
    """Every day that was flown, oldest first."""
    closed = finalized_days()
    days = sorted([*closed, AGING_DAY, *RECENT_DAYS])
    flown = [_crewed(number, day, day in closed) for number, day in enumerate(days, start=1)]
    _fly(flown)
    return flown


def sheets(flown: list[FlyingDay]) -> Rows:
    """The logsheets and their flights."""
    flights = [
        _flight(day, number, flight) for day in flown for number, flight in enumerate(day.flights)
    ]
    return {"logsheet_logsheet": [_sheet(day) for day in flown], "logsheet_flight": flights}


def instruction(flown: list[FlyingDay]) -> Rows:
    """The reports that were written and the students' progress."""
    owed = {(day, instructor, student) for day, instructor, student, _ in OWED_REPORTS}
    lessons = dict.fromkeys(
        (day.day, flight.instructor, flight.pilot)
        for day in flown
        for flight in day.flights
        if flight.pilot and flight.instructor
    )
    reports = [_report(*lesson) for lesson in lessons if lesson not in owed]
    sessions = Counter(student for _, _, student in lessons)
    return {
        "instructors_instructionreport": reports,
        "instructors_studentprogresssnapshot": [
            _snapshot(student, sessions[student]) for student in STUDENTS if student != 54
        ],
    }


def _crewed(number: int, day: date, finalized: bool) -> FlyingDay:
    """The crews take turns; the sheet that was left open is its officers' own."""
    aging = day == AGING_DAY
    turn = number + number // 8
    tow_pilot = TOW_PILOTS[number % len(TOW_PILOTS)]
    busy = day.weekday() == 5 and 5 <= day.month <= 9
    return FlyingDay(
        number=number,
        day=day,
        finalized=finalized,
        duty_officer=16 if aging else DUTY_OFFICERS[turn % len(DUTY_OFFICERS)],
        assistant=24 if aging else ASSISTANTS[(turn * 3) % len(ASSISTANTS)],
        instructor=INSTRUCTORS[(turn * 5) % len(INSTRUCTORS)],
        tow_pilot=tow_pilot,
        surge_tow_pilot=TOW_PILOTS[(number + 3) % len(TOW_PILOTS)] if busy else None,
    )


def _fly(flown: list[FlyingDay]) -> None:
    """Spread every member's flights over the year, then add those that are told one by one."""
    of_day = {day.day: day for day in flown}
    year = [day for day in flown if day.finalized and day.day >= YEAR_BEGINS]
    for person in PEOPLE:
        joined = date.fromisoformat(person.joined) if person.joined else YEAR_BEGINS
        told = sum(flights for _, _, student, flights in OWED_REPORTS if student == person.id)
        days = [day for day in year if day.day > joined]
        for number in range(person.flights - told * (person.id in STUDENTS)):
            day = days[(person.id * 5 + number * len(days) // person.flights) % len(days)]
            lesson = day.instructor if person.id in STUDENTS else None
            day.flights.append(Flight(person.id, lesson))
    for told_day, instructor, student, flights in OWED_REPORTS:
        of_day[told_day].flights += [Flight(student, instructor)] * flights
    for odd_day, pilot in ODD_FLIGHTS:
        of_day[odd_day].flights.append(Flight(pilot))
    for day in year:
        day.flights += [Flight(None, day.instructor)] * (1 + day.number % 2)


def _sheet(day: FlyingDay) -> Row:
    return {
        "id": day.number,
        "log_date": day.day,
        "created_at": moment(day.day, 9, 30),
        "finalized": day.finalized,
        "airfield_id": 1,
        "created_by_id": day.duty_officer,
        "duty_officer_id": day.duty_officer,
        "assistant_duty_officer_id": day.assistant,
        "duty_instructor_id": day.instructor,
        "tow_pilot_id": day.tow_pilot,
        "surge_tow_pilot_id": day.surge_tow_pilot,
        "default_towplane_id": 1,
    }


def _flight(day: FlyingDay, number: int, flight: Flight) -> Row:
    launch = datetime.combine(day.day, time(10, 15)) + timedelta(minutes=22 * number)
    who = flight.pilot or 0
    lasted = timedelta(minutes=14 + (who * 7 + number * 13) % 55)
    gliders = TWO_SEATERS if flight.instructor else SINGLE_SEATERS
    return {
        "logsheet_id": day.number,
        "airfield_id": 1,
        "launch_time": launch.time(),
        "landing_time": (launch + lasted).time(),
        "duration": lasted,
        "launch_method": "tow",
        "flight_type": "intro" if not who else "dual" if flight.instructor else "solo",
        "guest_pilot_name": None if who else GUESTS[(day.number + number) % len(GUESTS)],
        "release_altitude": 1500 + 500 * ((who + number) % 4),
        "tow_cost_actual": Decimal("38.00") if day.finalized else None,
        "created_at": moment(day.day, 18, number % 60),
        "pilot_id": flight.pilot,
        "instructor_id": flight.instructor,
        "tow_pilot_id": day.tow_pilot,
        "towplane_id": 1 + number % 2,
        "glider_id": gliders[(who + number) % len(gliders)],
    }


def _report(day: date, instructor: int, student: int) -> Row:
    return {
        "report_date": day,
        "report_text": "Launch, pattern and landing practised.",
        "created_at": moment(day, 20),
        "updated_at": moment(day, 20),
        "instructor_id": instructor,
        "student_id": student,
    }


def _snapshot(student: int, sessions: int) -> Row:
    return {
        "student_id": student,
        "sessions": sessions,
        "solo_progress": min(1.0, 0.29 + sessions * 0.0975),
        "checkride_progress": sessions * 0.058,
        "last_updated": moment(date(2026, 2, 22), 21),
    }
