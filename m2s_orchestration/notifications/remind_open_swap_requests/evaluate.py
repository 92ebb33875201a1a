"""Who is reminded of which open request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from m2s_orchestration.club.swaps import duty_title
from m2s_orchestration.framework import (
    Club,
    Decision,
    Message,
    Occurrence,
    Parameters,
    PassedOver,
    Recipient,
    Untold,
)
from m2s_orchestration.notifications.remind_open_swap_requests.rows import Request, Rows

# A reminder is due when so many days are left, or fewer.
STEPS = (14, 7, 3, 1)


@dataclass(frozen=True)
class Facts:
    """What the mail says. `reason` is why its reader gets it."""

    title: str
    day: date
    days_left: int
    requester: str
    notes: str
    path: str
    reason: str


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A message for each reader of each request: the ledger knows which steps were told."""
    today = occurrence.club_date(club.zone)
    meant = [
        (message, club.mail_fault(club.member(member_id)))
        for request in rows.requests
        for member_id, message in _messages(request, rows, today, club)
    ]
    return Decision(
        messages=tuple(message for message, fault in meant if fault is None),
        passed_over=tuple(
            PassedOver(message.recipient, message.period, fault)
            for message, fault in meant
            if fault
        ),
        untold=tuple(_untold(rows, occurrence, club)),
        found={"open_requests": len(rows.requests), "readers": len(meant)},
    )


def step_of(days_left: int) -> int | None:
    """The step that so many days before the duty have reached last."""
    return min((step for step in STEPS if step >= days_left), default=None)


def _messages(
    request: Request, rows: Rows, today: date, club: Club
) -> Iterator[tuple[int, Message]]:
    """The period is the request and its step: whichever night tells it, it is told once."""
    days_left = (request.original_date - today).days
    period = f"request {request.id}, step {step_of(days_left)}"
    title = duty_title(
        club, request.role, key=request.dynamic_role_key, label=request.dynamic_role_label
    )
    for reader in rows.readers:
        if reader.request_id == request.id:
            facts = Facts(
                title=title,
                day=request.original_date,
                days_left=days_left,
                requester=club.member(request.requester_id).display_name,
                notes=request.notes.strip(),
                path=f"/duty_roster/swap/request/{request.id}/",
                reason=reader.reason,
            )
            recipient = Recipient.of(club.member(reader.member_id))
            yield reader.member_id, Message(recipient, period, facts)


def _untold(rows: Rows, occurrence: Occurrence, club: Club) -> Iterator[Untold]:
    """The requests that reach nobody, on the days of their steps."""
    for request in rows.requests:
        days = occurrence.club_dates(club.zone)
        is_step = any((request.original_date - day).days in STEPS for day in days)
        readers = [reader.member_id for reader in rows.readers if reader.request_id == request.id]
        if is_step and not _is_told(readers, club):
            yield Untold(
                f"the swap request {request.id} of {request.original_date}",
                "none of its readers can be mailed" if readers else "it has no reader",
            )


def _is_told(member_ids: Iterable[int], club: Club) -> bool:
    return any(club.mail_fault(club.member(id)) is None for id in member_ids)
