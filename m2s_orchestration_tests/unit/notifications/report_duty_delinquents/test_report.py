"""Length of membership in words, and the CSV file."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.notifications.report_duty_delinquents.report import (
    HEADINGS,
    Entry,
    as_csv,
    membership,
)


@pytest.mark.parametrize(
    ("joined", "today", "told"),
    [
        ("2025-03-01", "2026-03-01", "1 year"),
        ("2025-03-02", "2026-03-01", "11 months"),
        ("2024-02-01", "2026-03-01", "2 years and 1 month"),
        ("2021-12-31", "2026-12-30", "4 years and 11 months"),
        ("2026-02-02", "2026-03-01", "less than a month"),
        ("2024-02-29", "2028-02-29", "4 years"),
        ("2024-02-29", "2027-02-28", "3 years"),
        ("2027-02-28", "2028-02-29", "1 year"),
        ("2028-01-31", "2028-02-29", "1 month"),
        ("2028-01-31", "2028-02-28", "less than a month"),
    ],
)
def test_membership_is_told_in_calendar_years_and_months(
    joined: str, today: str, told: str
) -> None:
    assert membership(date.fromisoformat(joined), date.fromisoformat(today)) == told


def test_membership_of_unknown_beginning_is_told_so() -> None:
    assert membership(None, date(2026, 3, 1)) == "unknown"


@given(st.dates(min_value=date(1950, 1, 1)), st.dates(min_value=date(1950, 1, 1)))
def test_membership_never_tells_twelve_months(one: date, other: date) -> None:
    assert "12 month" not in membership(min(one, other), max(one, other))


def entry(name: str, email: str = "") -> Entry:
    return Entry(
        name=name,
        email=email,
        status="Full Member",
        joined=None,
        membership="unknown",
        flights=3,
        latest_flight=date(2026, 2, 28),
    )


def rows(*entries: Entry) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(entries).decode())))


def test_the_csv_file_has_headings_and_a_row_for_each_member() -> None:
    heading, row = rows(entry('Søren "Ace" D\'Angelo, II', "s@example.org"))
    assert tuple(heading) == HEADINGS
    assert row[:2] == ['Søren "Ace" D\'Angelo, II', "s@example.org"]
    assert row[-2:] == ["3", "2026-02-28"]


@pytest.mark.parametrize("name", ["=1+1", "+49", "-2", "@SUM(A1)", " =1", "\t=1", "\n@x"])
def test_no_cell_is_a_formula(name: str) -> None:
    assert rows(entry(name))[1][0] == f"'{name}"


def test_a_name_with_a_dash_inside_stays_as_it_is() -> None:
    assert rows(entry("Dee-Dee @ home"))[1][0] == "Dee-Dee @ home"
