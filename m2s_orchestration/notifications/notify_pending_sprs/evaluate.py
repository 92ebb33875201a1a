"""Who hears of which pending reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from pydantic import Field

from m2s_orchestration import framework
from m2s_orchestration.framework import (
    Club,
    Decision,
    IsoDate,
    Message,
    Notice,
    Occurrence,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.notifications.notify_pending_sprs.days import DueDay, due_days
from m2s_orchestration.notifications.notify_pending_sprs.rows import Rows

# The web application knows its own notices by these words and the day.
WORDS = "pending Student Progress Report"
PATH = "/instructors/"


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    flight_date: IsoDate = Field(
        default="",
        description="The flying day to remind of, YYYY-MM-DD. Empty: the newest one for each.",
    )
    days_ago: int = Field(
        default=0,
        ge=0,
        le=3650,
        description="Remind of the flying day of so many days ago. 0: the newest one for each."
        " A flight_date goes before it.",
    )
    max_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="How many days back to look for flying days that are not reported.",
    )


@dataclass(frozen=True)
class Student:
    """A line of the mail: whom to report about, and where."""

    name: str
    path: str


@dataclass(frozen=True)
class Facts:
    """What the mail says."""

    flown: date
    students: tuple[Student, ...]
    is_further: bool


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message and a notice for each instructor, about one flying day."""
    due = list(due_days(rows))
    faults = {day.instructor_id: club.mail_fault(club.member(day.instructor_id)) for day in due}
    known = {(skip.recipient_key, skip.period) for skip in rows.skips}
    return Decision(
        messages=tuple(
            Message(_reader(day, club), day.period, _facts(day, club))
            for day in due
            if faults[day.instructor_id] is None
        ),
        notices=tuple(
            _notice(day) for day in due if club.is_active(club.member(day.instructor_id))
        ),
        passed_over=tuple(
            PassedOver(_reader(day, club), day.period, fault)
            for day in due
            if (fault := faults[day.instructor_id])
        ),
        untold=tuple(_untold(due, known, club)),
        found={
            "unreported_lessons": len(rows.unreported_lessons),
            "pending_reports": sum(len(day.student_ids) for day in due),
        },
    )


def _reader(day: DueDay, club: Club) -> Recipient:
    """Instructors are addressed as their students and the club know them."""
    member = club.member(day.instructor_id)
    return replace(Recipient.of(member), name=member.display_name)


def _facts(day: DueDay, club: Club) -> Facts:
    students = sorted(map(club.member, day.student_ids), key=lambda member: member.sort_name)
    return Facts(
        flown=day.flown,
        students=tuple(
            Student(member.display_name, f"{PATH}report/{member.id}/{day.flown}/")
            for member in students
        ),
        is_further=day.is_further,
    )


def _notice(day: DueDay) -> Notice:
    count = len(day.student_ids)
    return Notice(
        member_id=day.instructor_id,
        period=day.period,
        text=f"{count} {WORDS}{'' if count == 1 else 's'} from {day.flown}.",
        url=PATH,
        count=count,
    )


def _untold(
    due: Iterable[DueDay], known: Collection[tuple[str, str]], club: Club
) -> Iterator[Untold]:
    """The days whose instructor cannot be mailed, but for those that were told of before."""
    for day in due:
        member = club.member(day.instructor_id)
        fault = club.mail_fault(member)
        if fault and (Recipient.key_of(member.id), day.period) not in known:
            yield Untold(
                f"pending progress reports: {len(day.student_ids)} of {day.flown}",
                f"instructor, member {member.id}: {fault}",
            )
