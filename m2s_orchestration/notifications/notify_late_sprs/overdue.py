"""Reports that are overdue, and how urgent they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

# From how many days after the flying day on; the least urgent first.
LEVELS = {"NOTICE": 7, "REMINDER": 14, "WARNING": 21, "URGENT": 25, "FINAL": 30}


def level_of(age: int) -> str | None:
    """How urgent a report of that age in days is; None if it is not overdue."""
    reached = [level for level, days in LEVELS.items() if age >= days]
    return reached[-1] if reached else None


@dataclass(frozen=True)
class Report:
    """A report that somebody owes. `age` is in days; `level` is one of LEVELS."""

    student: str
    flown: date
    age: int
    level: str


@dataclass(frozen=True)
class Section:
    """The reports of one level; `since` is the age in days from which on it holds."""

    level: str
    since: int
    reports: tuple[Report, ...]


def in_sections(reports: Iterable[Report]) -> tuple[Section, ...]:
    """The reports by level, the most urgent first, without levels that have none."""
    listed = tuple(reports)
    sections = (
        Section(level, days, tuple(report for report in listed if report.level == level))
        for level, days in reversed(LEVELS.items())
    )
    return tuple(section for section in sections if section.reports)
