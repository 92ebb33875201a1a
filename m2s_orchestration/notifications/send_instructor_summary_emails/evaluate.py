"""Which instructors hear of which students."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import Field

from m2s_orchestration import framework
from m2s_orchestration.framework import (
    Club,
    Decision,
    IsoDate,
    Message,
    Occurrence,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.notifications.send_instructor_summary_emails.rows import Day, Request, Rows

STANDINGS = {"confirmed": "confirmed", "waitlist": "on the waiting list"}
WAITS = "waits for your answer"


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    target_date: IsoDate = Field(
        default="",
        description="The flying day to tell of, YYYY-MM-DD. Empty: the day `hours_ahead` from now.",
    )
    hours_ahead: int = Field(
        default=48,
        ge=0,
        le=336,
        description="How many hours ahead the flying day is, by the club's clock.",
    )


@dataclass(frozen=True)
class Student:
    """One student as the mail lists them. `progress` is empty where nothing is known of it."""

    name: str
    standing: str
    progress: str
    flights: int
    contact: str


@dataclass(frozen=True)
class Facts:
    """What the mail says. `waiting` counts the requests without an answer."""

    day: date
    days_until: int
    students: tuple[Student, ...]
    waiting: int


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message for each instructor of each day that the occurrence is about."""
    wanted = _targets(occurrence, club, parameters)
    days = [day for day in rows.days if day.date in wanted]
    today = occurrence.club_date(club.zone)
    facts = {day.id: _facts(day, rows.requests, today, club) for day in days}
    meant = [(day, club.member(id)) for day in days for id in day.instructors]
    return Decision(
        messages=tuple(
            Message(Recipient.of(member), day.date.isoformat(), facts[day.id])
            for day, member in meant
            if club.mail_fault(member) is None
        ),
        passed_over=tuple(
            PassedOver(Recipient.of(member), day.date.isoformat(), fault)
            for day, member in meant
            if (fault := club.mail_fault(member))
        ),
        untold=tuple(_untold(days, facts, club)),
        found={
            "flying_days": len(days),
            "students": sum(len(told.students) for told in facts.values()),
        },
    )


def _targets(occurrence: Occurrence, club: Club, parameters: Parameters) -> frozenset[date]:
    """The days after that of the previous tick and up to its own; at least its own."""
    if parameters.target_date:
        return frozenset({date.fromisoformat(parameters.target_date)})

    def ahead(moment: datetime) -> date:
        # By the clock on the wall: two days are two days, also when one of them has 23 hours.
        wall = moment.astimezone(club.zone).replace(tzinfo=None)
        return (wall + timedelta(hours=parameters.hours_ahead)).date()

    last = ahead(occurrence.moment)
    first = min(ahead(occurrence.previous) + timedelta(days=1), last)
    return frozenset(first + timedelta(days=number) for number in range((last - first).days + 1))


def _facts(day: Day, requests: Iterable[Request], today: date, club: Club) -> Facts:
    theirs = [request for request in requests if request.day_id == day.id]
    return Facts(
        day=day.date,
        days_until=(day.date - today).days,
        students=tuple(_student(request, club) for request in theirs),
        waiting=sum(request.status == "pending" for request in theirs),
    )


def _student(request: Request, club: Club) -> Student:
    return Student(
        name=club.member(request.student_id).display_name,
        standing=STANDINGS.get(request.status, WAITS),
        progress=_progress(request),
        flights=request.flights,
        contact=", ".join(filter(None, (request.email, request.phone))),
    )


def _progress(request: Request) -> str:
    if request.sessions is None:
        return ""
    lessons = "1 lesson" if request.sessions == 1 else f"{request.sessions} lessons"
    solo, checkride = _percent(request.solo_progress), _percent(request.checkride_progress)
    return f"{lessons}, {solo}% of the way to solo, {checkride}% to the checkride"


def _percent(fraction: float | None) -> int:
    return math.floor((fraction or 0.0) * 100 + 0.5)


def _untold(days: Iterable[Day], facts: dict[int, Facts], club: Club) -> Iterator[Untold]:
    """The days that have instructors, none of whom can be mailed."""
    for day in days:
        faults = [(id, club.mail_fault(club.member(id))) for id in day.instructors]
        if faults and all(fault for _, fault in faults):
            number = len(facts[day.id].students)
            yield Untold(
                f"the instructors of {day.date}: students {number}",
                "; ".join(f"member {id}: {fault}" for id, fault in faults),
            )
