"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Logsheet:
    """A logsheet that is not finalized. `airfield` is its label."""

    id: int
    log_date: date
    airfield: str
    duty_officer_id: int | None
    assistant_duty_officer_id: int | None
    created_by_id: int

    @property
    def officers(self) -> tuple[int, ...]:
        """The ids of the duty officer and the assistant, each person once."""
        named = (self.duty_officer_id, self.assistant_duty_officer_id)
        return tuple(dict.fromkeys(member_id for member_id in named if member_id is not None))


@dataclass(frozen=True)
class OpenNotice:
    """A member who has an open in-app notice of aging logsheets."""

    member_id: int


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    open_logsheets: tuple[Logsheet, ...]
    open_notices: tuple[OpenNotice, ...]
