"""Who hears of which aging logsheets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from m2s_orchestration import framework
from m2s_orchestration.framework import (
    Change,
    Club,
    Decision,
    Member,
    Message,
    Notice,
    Occurrence,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.notifications.notify_aging_logsheets.rows import (
    Logsheet,
    OpenNotice,
    Rows,
)

# The web application and the command that this job replaces know the notice by these two.
WORDS = "aging logsheet"
PATH = "/logsheet/"


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="A logsheet is aging from this many days after its flying day on.",
    )


@dataclass(frozen=True)
class AgingSheet:
    """One line of the mail. `age` is in days."""

    log_date: date
    airfield: str
    age: int


@dataclass(frozen=True)
class Facts:
    """What the mail says: the person's sheets, oldest first."""

    sheets: tuple[AgingSheet, ...]


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message for each person, and a notice that is true, also for those without an address."""
    today = occurrence.club_date(club.zone)
    period = today.isoformat()
    aging = _aging(rows.open_logsheets, today=today, days=parameters.days)
    asked = _asked(aging, club)
    people = [club.member(member_id) for member_id in asked]
    faults = {member.id: club.mail_fault(member) for member in people}
    return Decision(
        messages=tuple(
            Message(
                recipient=Recipient.of(member),
                period=period,
                facts=_facts(asked[member.id], today),
            )
            for member in people
            if faults[member.id] is None
        ),
        notices=tuple(
            _notice(member, period=period, count=len(asked[member.id]))
            for member in people
            if club.is_active(member)
        ),
        changes=_dismissals(rows.open_notices, asked),
        passed_over=tuple(
            PassedOver(recipient=Recipient.of(member), period=period, reason=fault)
            for member in people
            if (fault := faults[member.id])
        ),
        untold=tuple(_untold(aging, faults, club)),
        found={"open_logsheets": len(rows.open_logsheets), "aging_logsheets": len(aging)},
    )


def _aging(sheets: Iterable[Logsheet], *, today: date, days: int) -> list[Logsheet]:
    """The sheets of that age or older, oldest first."""
    aging = (sheet for sheet in sheets if (today - sheet.log_date).days >= days)
    return sorted(aging, key=lambda sheet: (sheet.log_date, sheet.airfield, sheet.id))


def _responsible(sheet: Logsheet, club: Club) -> tuple[int, ...]:
    """The officers, and the creator as well if no officer can be mailed; each person once."""
    if any(club.mail_fault(club.member(member_id)) is None for member_id in sheet.officers):
        return sheet.officers
    return tuple(dict.fromkeys((*sheet.officers, sheet.created_by_id)))


def _asked(aging: Iterable[Logsheet], club: Club) -> dict[int, list[Logsheet]]:
    """The sheets of each responsible person, by the person's id."""
    asked: dict[int, list[Logsheet]] = {}
    for sheet in aging:
        for member_id in _responsible(sheet, club):
            asked.setdefault(member_id, []).append(sheet)
    return asked


def _facts(sheets: Iterable[Logsheet], today: date) -> Facts:
    return Facts(
        tuple(
            AgingSheet(sheet.log_date, sheet.airfield, (today - sheet.log_date).days)
            for sheet in sheets
        )
    )


def _notice(member: Member, *, period: str, count: int) -> Notice:
    need = "logsheet of yours still needs" if count == 1 else "logsheets of yours still need"
    return Notice(
        member_id=member.id,
        period=period,
        text=f"{count} aging {need} finalization.",
        url=PATH,
        token=WORDS,
        count=count,
    )


def _dismissals(notices: Iterable[OpenNotice], asked: Collection[int]) -> tuple[Change, ...]:
    """The notices of people who have no aging sheet left."""
    return tuple(
        Change(
            key=f"dismiss:{notice.member_id}",
            statement="dismiss_notices",
            values={"member_id": notice.member_id},
        )
        for notice in notices
        if notice.member_id not in asked
    )


def _untold(
    aging: Iterable[Logsheet], faults: Mapping[int, str | None], club: Club
) -> Iterator[Untold]:
    """The sheets none of whose people can be mailed."""
    for sheet in aging:
        tried = _responsible(sheet, club)
        if all(faults[member_id] for member_id in tried):
            reasons = "; ".join(f"member {member_id}: {faults[member_id]}" for member_id in tried)
            yield Untold(f"logsheet of {sheet.log_date}, {sheet.airfield}", reasons)
