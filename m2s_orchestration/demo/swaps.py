"""Duties that somebody would rather swap, and who offered to take them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from m2s_orchestration.demo.days import moment
from m2s_orchestration.demo.roster import MARSHAL, TUESDAY
from m2s_orchestration.demo.rows import Row, Rows


class Request(NamedTuple):
    role: str
    day: date
    requester: int
    status: str = "open"
    target: int | None = None
    accepted: int | None = None


class Offer(NamedTuple):
    request: int
    member: int
    kind: str = "cover"
    status: str = "pending"
    in_exchange: date | None = None


REQUESTS = (
    Request("DO", date(2026, 2, 22), 18),
    Request("TOW", date(2026, 1, 17), 10, "fulfilled", accepted=4),
    Request("DO", date(2026, 3, 7), 19),
    Request("INSTRUCTOR", date(2026, 3, 14), 5, target=6),
    Request("TOW", TUESDAY, 12),
    Request("DYNAMIC", TUESDAY, 26),
    Request("ADO", date(2026, 3, 15), 26, "cancelled"),
    Request("ADO", date(2026, 3, 21), 27),
)
OFFERS = (
    Offer(1, 21),
    Offer(1, 22, "swap", in_exchange=date(2026, 3, 15)),
    Offer(1, 23, status="withdrawn"),
    Offer(2, 15, status="accepted"),
    Offer(3, 22),
    Offer(5, 10, status="declined"),
)


def swaps() -> Rows:
    """Swap requests and the offers made for them."""
    return {
        "duty_roster_dutyswaprequest": [_request(request) for request in REQUESTS],
        "duty_roster_dutyswapoffer": [_offer(offer) for offer in OFFERS],
    }


def _request(request: Request) -> Row:
    asked = moment(request.day - timedelta(days=25), 20)
    fulfilled = asked + timedelta(days=3) if request.accepted else None
    urgent = request.day == TUESDAY
    dynamic = request.role == "DYNAMIC"
    return {
        "role": request.role,
        "dynamic_role_key": MARSHAL if dynamic else "",
        "dynamic_role_label": "Grid Marshal" if dynamic else "",
        "original_date": request.day,
        "requester_id": request.requester,
        "direct_request_to_id": request.target,
        "request_type": "direct" if request.target else "general",
        "status": request.status,
        "accepted_offer_id": request.accepted,
        "fulfilled_at": fulfilled,
        "is_emergency": urgent,
        "notes": "Called away for work." if urgent else "",
        "created_at": asked,
        "updated_at": fulfilled or asked,
    }


def _offer(offer: Offer) -> Row:
    offered = moment(REQUESTS[offer.request - 1].day - timedelta(days=22), 20)
    return {
        "swap_request_id": offer.request,
        "offered_by_id": offer.member,
        "offer_type": offer.kind,
        "proposed_swap_date": offer.in_exchange,
        "status": offer.status,
        "created_at": offered,
        "responded_at": None if offer.status == "pending" else offered,
    }
