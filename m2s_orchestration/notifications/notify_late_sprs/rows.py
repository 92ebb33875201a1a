"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class UnreportedLesson:
    """A day on which a student flew with an instructor who has not reported it."""

    instructor_id: int
    student_id: int
    flown: date


@dataclass(frozen=True)
class OfficeHolder:
    """A member who holds an office, of whatever status."""

    member_id: int
    office: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    unreported_lessons: tuple[UnreportedLesson, ...]
    office_holders: tuple[OfficeHolder, ...]
