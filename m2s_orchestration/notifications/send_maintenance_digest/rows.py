"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

# What tells one aircraft from every other: its kind, and its id among its kind.
Aircraft = tuple[str, int]


@dataclass(frozen=True)
class Issue:
    """An open maintenance issue. `glider` and `towplane` are labels of what has an id."""

    id: int
    report_date: date
    description: str
    grounded: bool
    glider_id: int | None
    glider: str | None
    towplane_id: int | None
    towplane: str | None

    @property
    def labels(self) -> dict[Aircraft, str]:
        """The aircraft that it is about, a glider first, with their labels; mostly one."""
        named = (
            ("glider", self.glider_id, self.glider),
            ("towplane", self.towplane_id, self.towplane),
        )
        return {(kind, id): label or "" for kind, id, label in named if id is not None}


@dataclass(frozen=True)
class Meister:
    """A member who looks after an aircraft."""

    member_id: int
    glider_id: int | None
    towplane_id: int | None

    @property
    def aircraft(self) -> tuple[Aircraft, ...]:
        """What they look after; mostly one."""
        named = (("glider", self.glider_id), ("towplane", self.towplane_id))
        return tuple((kind, id) for kind, id in named if id is not None)


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    open_issues: tuple[Issue, ...]
    meisters: tuple[Meister, ...]
