"""Which requests and offers are closed, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from m2s_orchestration.club.swaps import duty_title
from m2s_orchestration.framework import (
    Change,
    Club,
    Decision,
    Member,
    Message,
    Occurrence,
    Parameters,
    PassedOver,
    Recipient,
)
from m2s_orchestration.notifications.expire_past_swap_requests.rows import Offer, Request, Rows

OFFER = "offer"


@dataclass(frozen=True)
class Facts:
    """What both mails say."""

    title: str
    day: date
    requester: Member


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A change for each request and offer, and the messages that depend on them."""
    today = occurrence.club_date(club.zone)
    meant = [message for request in rows.requests for message in _messages(request, rows, club)]
    return Decision(
        messages=tuple(message for message, fault in meant if fault is None),
        changes=tuple(
            change for request in rows.requests for change in _changes(request, rows, today)
        ),
        passed_over=tuple(
            PassedOver(
                message.recipient,
                message.period,
                fault,
                variant=message.variant,
                only_if=message.only_if,
            )
            for message, fault in meant
            if fault
        ),
        found={"past_requests": len(rows.requests), "pending_offers": len(rows.offers)},
    )


def _offers(request: Request, rows: Rows) -> list[Offer]:
    return [offer for offer in rows.offers if offer.request_id == request.id]


def _changes(request: Request, rows: Rows, today: date) -> Iterator[Change]:
    """The request first: its offers are declined only if it expired."""
    values = {"request_id": request.id, "club_date": today}
    yield Change(_key(request), "expire_request", values)
    for offer in _offers(request, rows):
        yield Change(f"decline:{offer.id}", "decline_offer", {"offer_id": offer.id})


def _key(request: Request) -> str:
    return f"expire:{request.id}"


def _messages(request: Request, rows: Rows, club: Club) -> Iterator[tuple[Message, str | None]]:
    """What who asked and whoever offered are to read, and why somebody cannot."""
    title = duty_title(
        club, request.role, key=request.dynamic_role_key, label=request.dynamic_role_label
    )
    requester = club.member(request.requester_id)
    facts = Facts(title, request.original_date, requester)
    period = f"request {request.id}"
    message = Message(Recipient.of(requester), period, facts, only_if=_key(request))
    yield message, club.mail_fault(requester)
    told: set[int] = set()
    for offer in _offers(request, rows):
        # Somebody may have offered twice, and is thanked once.
        if offer.member_id not in told:
            told.add(offer.member_id)
            helper = club.member(offer.member_id)
            recipient, key = Recipient.of(helper), f"decline:{offer.id}"
            thanks = Message(recipient, period, facts, OFFER, template=OFFER, only_if=key)
            yield thanks, club.mail_fault(helper)
