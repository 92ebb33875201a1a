"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True)
class Assignment:
    """A day on which the club flies, with the crew that is named in the assignment itself."""

    id: int
    date: date
    instructor_id: int | None
    surge_instructor_id: int | None
    tow_pilot_id: int | None
    surge_tow_pilot_id: int | None
    duty_officer_id: int | None
    assistant_duty_officer_id: int | None
    commercial_pilot_id: int | None


@dataclass(frozen=True)
class RoleRow:
    """A role of an assignment in a row of its own.

    `legacy_key` is the classic role that it stands for, or else its own key; `display_name` is what
    the club calls it, if it defined it.
    """

    assignment_id: int
    member_id: int
    role_key: str
    legacy_key: str
    display_name: str | None
    sort_order: int


@dataclass(frozen=True)
class Lesson:
    """A student's request for instruction: confirmed, pending or on the waiting list."""

    assignment_id: int
    student_id: int
    status: str


@dataclass(frozen=True)
class Intent:
    """Somebody who means to fly. `aircraft` is a label; `available_as`, JSON: a list of codes."""

    date: date
    member_id: int
    available_as: object
    aircraft: str | None


@dataclass(frozen=True)
class Reservation:
    """A confirmed reservation of a glider. `aircraft` is a label."""

    date: date
    member_id: int
    aircraft: str
    seats: int
    reservation_type: str
    time_preference: str
    start_time: time | None


@dataclass(frozen=True)
class GroundedAircraft:
    """An open issue that keeps an aircraft on the ground."""

    aircraft: str
    description: str


@dataclass(frozen=True)
class Deadline:
    """Something that falls due on an aircraft; `description` is its code."""

    aircraft: str
    description: str
    due_date: date


@dataclass(frozen=True)
class Address:
    """Where the club is."""

    line1: str
    line2: str
    city: str
    state: str
    zip_code: str
    country: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    assignments: tuple[Assignment, ...]
    roles: tuple[RoleRow, ...]
    lessons: tuple[Lesson, ...]
    intents: tuple[Intent, ...]
    reservations: tuple[Reservation, ...]
    grounded: tuple[GroundedAircraft, ...]
    deadlines: tuple[Deadline, ...]
    address: tuple[Address, ...]
