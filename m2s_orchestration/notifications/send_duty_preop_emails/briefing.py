"""What the mails say of a flying day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from m2s_orchestration.framework import Club
from m2s_orchestration.notifications.send_duty_preop_emails import labels
from m2s_orchestration.notifications.send_duty_preop_emails.crew import Duty
from m2s_orchestration.notifications.send_duty_preop_emails.rows import (
    Assignment,
    Deadline,
    GroundedAircraft,
    Intent,
    Lesson,
    Reservation,
    Rows,
)

SOON = timedelta(days=30)


@dataclass(frozen=True)
class Student:
    """A student, and in words whether the lesson is confirmed."""

    name: str
    request: str


@dataclass(frozen=True)
class Reserved:
    """A reservation, in words."""

    aircraft: str
    is_two_seater: bool
    name: str
    purpose: str
    when: str


@dataclass(frozen=True)
class Plan:
    """What somebody means to fly, in words."""

    name: str
    activities: tuple[str, ...]
    aircraft: str | None


@dataclass(frozen=True)
class Due:
    """Something that falls due on an aircraft, in words."""

    aircraft: str
    what: str
    date: date


@dataclass(frozen=True)
class Briefing:
    """One flying day, `days_until` days from the club's date."""

    date: date
    days_until: int
    crew: tuple[Duty, ...]
    students: tuple[Student, ...]
    reservations: tuple[Reserved, ...]
    plans: tuple[Plan, ...]
    grounded: tuple[GroundedAircraft, ...]
    expired: tuple[Due, ...]
    upcoming: tuple[Due, ...]

    @property
    def when(self) -> str:
        """The day as seen from the club's date."""
        near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
        if self.days_until in near:
            return near[self.days_until]
        return (
            f"in {self.days_until} days" if self.days_until > 0 else f"{-self.days_until} days ago"
        )

    @property
    def is_past(self) -> bool:
        return self.days_until < 0

    def for_flyers(self) -> Briefing:
        """The same without the students whose lesson is not confirmed."""
        confirmed = labels.REQUESTS["confirmed"]
        return replace(
            self,
            students=tuple(student for student in self.students if student.request == confirmed),
        )


def brief(
    assignment: Assignment, crew: tuple[Duty, ...], rows: Rows, club: Club, *, today: date
) -> Briefing:
    """Everything there is to say of the day."""
    day = assignment.date
    expired, upcoming = _due(rows.deadlines, day)
    lessons = (lesson for lesson in rows.lessons if lesson.assignment_id == assignment.id)
    return Briefing(
        date=day,
        days_until=(day - today).days,
        crew=crew,
        students=_students(lessons, club),
        reservations=_reserved((row for row in rows.reservations if row.date == day), club),
        plans=_plans((row for row in rows.intents if row.date == day), club),
        grounded=tuple(_in_one_line(row) for row in rows.grounded),
        expired=expired,
        upcoming=upcoming,
    )


def _in_one_line(row: GroundedAircraft) -> GroundedAircraft:
    return replace(row, description=" ".join(row.description.split()))


def _students(lessons: Iterable[Lesson], club: Club) -> tuple[Student, ...]:
    def in_order(lesson: Lesson) -> tuple[int, tuple[str, str, int]]:
        place = labels.place_in(labels.REQUESTS, lesson.status)
        return place, club.member(lesson.student_id).sort_name

    return tuple(
        Student(club.member(lesson.student_id).display_name, labels.REQUESTS[lesson.status])
        for lesson in sorted(lessons, key=in_order)
    )


def _reserved(reservations: Iterable[Reservation], club: Club) -> tuple[Reserved, ...]:
    def in_order(row: Reservation) -> tuple[int, time, str, tuple[str, str, int]]:
        place = labels.place_in(labels.TIMES, row.time_preference)
        member = club.member(row.member_id)
        return place, _set_time(row) or time.max, row.aircraft, member.sort_name

    return tuple(
        Reserved(
            aircraft=row.aircraft,
            is_two_seater=row.seats >= 2,
            name=club.member(row.member_id).display_name,
            purpose=labels.RESERVATIONS.get(row.reservation_type, row.reservation_type),
            when=_when(row),
        )
        for row in sorted(reservations, key=in_order)
    )


def _set_time(row: Reservation) -> time | None:
    return row.start_time if row.time_preference == "specific" else None


def _when(row: Reservation) -> str:
    at = _set_time(row)
    if at is None:
        return labels.TIMES.get(row.time_preference, row.time_preference)
    return f"{at.hour % 12 or 12}:{at:%M %p}"


def _plans(intents: Iterable[Intent], club: Club) -> tuple[Plan, ...]:
    return tuple(
        Plan(
            name=club.member(row.member_id).display_name,
            activities=tuple(_activities(row.available_as)),
            aircraft=row.aircraft,
        )
        for row in sorted(intents, key=lambda row: club.member(row.member_id).sort_name)
    )


def _activities(available_as: object) -> Iterator[str]:
    """The activities in words. No table says what the JSON is, and a briefing must not wait."""
    for code in available_as if isinstance(available_as, list) else ():
        if isinstance(code, str):
            yield labels.ACTIVITIES.get(code, code)


def _due(deadlines: Iterable[Deadline], day: date) -> tuple[tuple[Due, ...], tuple[Due, ...]]:
    """What has fallen due before the day, and what does on it or in the 30 days after."""
    listed = [
        Due(row.aircraft, labels.DEADLINES.get(row.description, row.description), row.due_date)
        for row in deadlines
    ]
    return (
        tuple(due for due in listed if due.date < day),
        tuple(due for due in listed if day <= due.date <= day + SOON),
    )
