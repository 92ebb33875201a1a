"""Which flying day each instructor is to be reminded of next, and of which students."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from m2s_orchestration.notifications.notify_pending_sprs.rows import Rows


@dataclass(frozen=True)
class DueDay:
    """A day of an instructor with students whose reports are missing and were not asked for yet.

    `is_further` is whether the instructor was reminded of other students of that day before.
    """

    instructor_id: int
    flown: date
    student_ids: tuple[int, ...]
    is_further: bool

    @property
    def period(self) -> str:
        """The day and the students: whoever comes later is another period."""
        return f"{self.flown} students {' '.join(map(str, self.student_ids))}"


def due_days(rows: Rows) -> Iterator[DueDay]:
    """The newest such day of each instructor, in the order of their ids."""
    by_web = {(row.member_id, row.flown) for row in rows.old_reminders}
    by_us = _told(rows)
    pending: dict[int, dict[date, list[int]]] = {}
    for lesson in rows.unreported_lessons:
        days = pending.setdefault(lesson.instructor_id, {})
        days.setdefault(lesson.flown, []).append(lesson.student_id)
    for instructor_id, days in sorted(pending.items()):
        for flown in sorted(days, reverse=True):
            told = by_us.get((instructor_id, flown.isoformat()), frozenset())
            students = tuple(sorted(set(days[flown]) - told))
            if students and (instructor_id, flown.isoformat()) not in by_web:
                yield DueDay(instructor_id, flown, students, is_further=bool(told))
                break


def _told(rows: Rows) -> dict[tuple[int, str], frozenset[int]]:
    """The students of whom we reminded an instructor, by the instructor and the day."""
    told: dict[tuple[int, str], frozenset[int]] = {}
    for reminder in rows.reminders:
        flown, _, students = reminder.period.partition(" students ")
        place = reminder.member_id, flown
        told[place] = told.get(place, frozenset()) | frozenset(map(int, students.split()))
    return told
