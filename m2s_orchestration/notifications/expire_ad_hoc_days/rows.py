"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class UnconfirmedDay:
    """A flying day outside the schedule that its crew has not confirmed."""

    id: int
    ops_date: date


@dataclass(frozen=True)
class InstructionRequest:
    """A student's request for such a day: pending, confirmed or waitlist; at most one for each."""

    day_id: int
    student_id: int
    status: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    unconfirmed_days: tuple[UnconfirmedDay, ...]
    requests: tuple[InstructionRequest, ...]
