"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Day:
    """A flying day and its instructors."""

    id: int
    date: date
    instructor_id: int | None
    surge_instructor_id: int | None

    @property
    def instructors(self) -> tuple[int, ...]:
        """Both, or the one in both places."""
        named = (self.instructor_id, self.surge_instructor_id)
        return tuple(dict.fromkeys(id for id in named if id is not None))


@dataclass(frozen=True)
class Request:
    """A student's request: pending, confirmed or waitlist. Progress is a fraction of one."""

    day_id: int
    student_id: int
    status: str
    sessions: int | None
    solo_progress: float | None
    checkride_progress: float | None
    flights: int
    email: str
    phone: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    days: tuple[Day, ...]
    requests: tuple[Request, ...]
