"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Delinquent:
    """A member who flew and did no duty, with their flying in the months looked at."""

    member_id: int
    joined_club: date | None
    flights: int
    latest_flight: date


@dataclass(frozen=True)
class MemberManager:
    """A member manager, of whatever status."""

    member_id: int


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    delinquents: tuple[Delinquent, ...]
    member_managers: tuple[MemberManager, ...]
