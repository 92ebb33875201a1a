"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Request:
    """An open request to swap a duty of the two weeks to come."""

    id: int
    requester_id: int
    role: str
    dynamic_role_key: str
    dynamic_role_label: str
    original_date: date
    notes: str


@dataclass(frozen=True)
class Reader:
    """Whom a reminder is for, and why: requester, asked, eligible or rostermeister."""

    request_id: int
    member_id: int
    reason: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    requests: tuple[Request, ...]
    readers: tuple[Reader, ...]
