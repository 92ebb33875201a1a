"""What a person may set for a run: how far it looks back, and who gets copies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field, field_validator

from m2s_orchestration import framework
from m2s_orchestration.notifications.notify_late_sprs.overdue import LEVELS

# Columns of members_member; the query of the office holders names the same.
OFFICES = (
    *("director", "member_manager", "safety_officer", "rostermeister"),
    *("secretary", "treasurer", "webmaster"),
)


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    max_days: int = Field(
        default=90,
        ge=7,
        le=3650,
        description="Flying days of up to this many days ago are looked at. A report is overdue"
        " after a week, so less than 7 would find nothing.",
    )
    escalation_cc: dict[str, list[str]] = Field(
        default={},
        description="Who gets copies: for a level (NOTICE, REMINDER, WARNING, URGENT, FINAL) the"
        " offices whose holders are to know, such as {FINAL: [director, safety_officer]}.",
    )

    @field_validator("escalation_cc")
    @classmethod
    def _known(cls, copies: dict[str, list[str]]) -> dict[str, list[str]]:
        _require("level", copies, LEVELS)
        for offices in copies.values():
            _require("office", offices, OFFICES)
        return copies

    def offices_for(self, levels: Iterable[str]) -> set[str]:
        """Whose holders get a copy of a mail with reports of these levels."""
        return {office for level in levels for office in self.escalation_cc.get(level, ())}


def _require(kind: str, named: Iterable[str], known: Mapping[str, int] | tuple[str, ...]) -> None:
    for name in named:
        if name not in known:
            raise ValueError(f"there is no {kind} {name!r}; the known ones are {', '.join(known)}")
