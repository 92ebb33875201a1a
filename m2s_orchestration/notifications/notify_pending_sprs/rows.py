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
class OldReminder:
    """A day, as it is written in a notice of the web application's."""

    member_id: int
    flown: str


@dataclass(frozen=True)
class Reminder:
    """A reminder of ours; its period names the day and the students."""

    member_id: int
    period: str


@dataclass(frozen=True)
class Skip:
    """Somebody who could not be told of a period."""

    recipient_key: str
    period: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    unreported_lessons: tuple[UnreportedLesson, ...]
    old_reminders: tuple[OldReminder, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    skips: tuple[Skip, ...] = ()
