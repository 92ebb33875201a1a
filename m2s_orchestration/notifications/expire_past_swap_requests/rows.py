"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Request:
    """An open request to swap a duty of a day that is over."""

    id: int
    requester_id: int
    role: str
    dynamic_role_key: str
    dynamic_role_label: str
    original_date: date


@dataclass(frozen=True)
class Offer:
    """An offer for such a request that nobody answered."""

    id: int
    request_id: int
    member_id: int


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    requests: tuple[Request, ...]
    offers: tuple[Offer, ...]
