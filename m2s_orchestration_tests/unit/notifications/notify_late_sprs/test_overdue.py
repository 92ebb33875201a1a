"""How urgent a report is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.notifications.notify_late_sprs.overdue import (
    LEVELS,
    Report,
    in_sections,
    level_of,
)


@pytest.mark.parametrize(
    ("age", "level"),
    [
        (-1, None),
        (0, None),
        (6, None),
        (7, "NOTICE"),
        (13, "NOTICE"),
        (14, "REMINDER"),
        (20, "REMINDER"),
        (21, "WARNING"),
        (24, "WARNING"),
        (25, "URGENT"),
        (29, "URGENT"),
        (30, "FINAL"),
        (31, "FINAL"),
        (3650, "FINAL"),
    ],
)
def test_a_level_begins_at_exactly_its_age(age: int, level: str | None) -> None:
    assert level_of(age) == level


@given(st.lists(st.integers(7, 100), max_size=12))
def test_sections_hold_every_report_once_the_most_urgent_first(ages: list[int]) -> None:
    reports = tuple(
        Report(f"Student {number}", date(2026, 1, 1), age, level_of(age) or "")
        for number, age in enumerate(ages)
    )
    sections = in_sections(reports)
    assert sorted(report.student for section in sections for report in section.reports) == sorted(
        report.student for report in reports
    )
    since = [section.since for section in sections]
    assert since == sorted(set(since), reverse=True)
    for section in sections:
        assert section.since == LEVELS[section.level]
        assert {report.level for report in section.reports} == {section.level}
