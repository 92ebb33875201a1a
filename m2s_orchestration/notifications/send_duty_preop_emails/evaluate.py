"""Who hears what of the flying day that comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import Field

from m2s_orchestration import framework
from m2s_orchestration.framework import (
    Club,
    Decision,
    IsoDate,
    Member,
    Message,
    Occurrence,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.mail.addresses import normalise
from m2s_orchestration.mail.filters import join_and
from m2s_orchestration.notifications.send_duty_preop_emails import labels
from m2s_orchestration.notifications.send_duty_preop_emails.briefing import Briefing, brief
from m2s_orchestration.notifications.send_duty_preop_emails.crew import Duty, crew_of
from m2s_orchestration.notifications.send_duty_preop_emails.entries import (
    duty_entry,
    flying_day_entry,
    location_of,
)
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Assignment, Rows

ONE_DAY = timedelta(days=1)


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    target_date: IsoDate = Field(
        default="",
        description="The flying day to tell of, YYYY-MM-DD. Empty: the day after the club's date.",
    )


@dataclass(frozen=True)
class CrewFacts:
    """What a crew member's mail says; `titles` are the roles of theirs."""

    briefing: Briefing
    titles: tuple[str, ...]


@dataclass(frozen=True)
class FlyerFacts:
    """What everybody else's mail says; `requests` are the states of their own requests."""

    briefing: Briefing
    requests: tuple[str, ...]


@dataclass(frozen=True)
class Day:
    """A flying day, its crew, and the ids of those who come to fly and are not on the crew."""

    assignment: Assignment
    crew: tuple[Duty, ...]
    flyers: tuple[int, ...]
    briefing: Briefing
    location: str
    made_at: datetime

    @property
    def period(self) -> str:
        return self.assignment.date.isoformat()


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """The messages of each flying day that the occurrence is about."""
    wanted = _targets(occurrence, club, parameters)
    days = [
        _day(assignment, rows, occurrence, club)
        for assignment in rows.assignments
        if assignment.date in wanted
    ]
    return Decision(
        messages=tuple(
            message
            for day in days
            for message in (*_to_crew(day, club), *_to_flyers(day, rows, club))
        ),
        passed_over=tuple(skip for day in days for skip in _passed_over(day, club)),
        untold=tuple(untold for day in days for untold in _untold(day, club)),
        found={
            "flying_days": len(days),
            "crew": sum(len(day.crew) for day in days),
            "flyers": sum(len(day.flyers) for day in days),
        },
    )


def _targets(occurrence: Occurrence, club: Club, parameters: Parameters) -> set[date]:
    if parameters.target_date:
        return {date.fromisoformat(parameters.target_date)}
    return {day + ONE_DAY for day in occurrence.club_dates(club.zone)}


def _day(assignment: Assignment, rows: Rows, occurrence: Occurrence, club: Club) -> Day:
    crew = crew_of(assignment, rows.roles, club)
    on_crew = {duty.member.id for duty in crew}
    coming = (
        *(row.student_id for row in rows.lessons if row.assignment_id == assignment.id),
        *(row.member_id for row in rows.intents if row.date == assignment.date),
        *(row.member_id for row in rows.reservations if row.date == assignment.date),
    )
    return Day(
        assignment=assignment,
        crew=crew,
        flyers=tuple(id for id in dict.fromkeys(coming) if id not in on_crew),
        briefing=brief(assignment, crew, rows, club, today=occurrence.club_date(club.zone)),
        location=location_of(rows.address, club),
        made_at=occurrence.moment,
    )


def _to_crew(day: Day, club: Club) -> Iterator[Message]:
    """One message for each crew member who can be mailed, with all roles of theirs."""
    for member in _people(day.crew):
        if club.mail_fault(member):
            continue
        duties = [duty for duty in day.crew if duty.member.id == member.id]
        yield Message(
            Recipient.of(member),
            day.period,
            CrewFacts(day.briefing, tuple(duty.title for duty in duties)),
            template="crew",
            attachments=tuple(
                duty_entry(duty, day.assignment, club, location=day.location, made_at=day.made_at)
                for duty in duties
            ),
        )


def _to_flyers(day: Day, rows: Rows, club: Club) -> Iterator[Message]:
    """One message for each address that no crew member has."""
    taken = _crew_addresses(day, club)
    sharing: dict[str, list[Member]] = {}
    for member in sorted(map(club.member, day.flyers), key=lambda member: member.sort_name):
        if club.mail_fault(member) is None and normalise(member.email) not in taken:
            sharing.setdefault(normalise(member.email), []).append(member)
    entry = flying_day_entry(day.assignment.date, club, location=day.location, made_at=day.made_at)
    for members in sharing.values():
        yield Message(
            _shared(members),
            day.period,
            FlyerFacts(day.briefing.for_flyers(), _requests(members, day, rows)),
            template="flyer",
            attachments=(entry,),
        )


def _shared(members: Sequence[Member]) -> Recipient:
    """Everybody at one address, greeted by name; known by the id of the oldest member."""
    first = min(members, key=lambda member: member.id)
    names = join_and(member.greeting_name for member in members)
    return Recipient(key=Recipient.of(first).key, name=names, address=first.email)


def _requests(members: Iterable[Member], day: Day, rows: Rows) -> tuple[str, ...]:
    """The states of these people's requests for instruction, as codes."""
    ids = {member.id for member in members}
    found = {
        row.status
        for row in rows.lessons
        if row.assignment_id == day.assignment.id and row.student_id in ids
    }
    return tuple(sorted(found, key=lambda code: labels.place_in(labels.REQUESTS, code)))


def _passed_over(day: Day, club: Club) -> Iterator[PassedOver]:
    taken = _crew_addresses(day, club)
    flyers = [club.member(member_id) for member_id in day.flyers]
    for member in _people(day.crew):
        if fault := club.mail_fault(member):
            yield PassedOver(Recipient.of(member), day.period, fault)
    for member in sorted(flyers, key=lambda member: member.sort_name):
        fault = club.mail_fault(member)
        if fault is None and normalise(member.email) in taken:
            fault = "a crew member has the same address and is told there"
        if fault:
            yield PassedOver(Recipient.of(member), day.period, fault)


def _untold(day: Day, club: Club) -> Iterator[Untold]:
    """A day of which nobody on the crew can be told."""
    faults = [(member.id, club.mail_fault(member)) for member in _people(day.crew)]
    if all(fault for _, fault in faults):
        reasons = "; ".join(f"member {member_id}: {fault}" for member_id, fault in faults)
        yield Untold(f"flying day {day.period}", reasons or "nobody is on its roster")


def _people(crew: Iterable[Duty]) -> list[Member]:
    """Everybody on the crew, each once, in the order of its list."""
    return list({duty.member.id: duty.member for duty in crew}.values())


def _crew_addresses(day: Day, club: Club) -> set[str]:
    """The addresses at which the crew is told."""
    return {
        normalise(member.email) for member in _people(day.crew) if club.mail_fault(member) is None
    }
