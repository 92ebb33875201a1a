from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.mail.filters import WIDTH, join_and, long_date, plural, short_date, tidy


def test_dates_are_written_without_leading_zeros() -> None:
    assert long_date(date(2026, 3, 1)) == "Sunday, March 1, 2026"
    assert short_date(date(2026, 3, 1)) == "Mar 1, 2026"


def test_counts_agree_with_their_noun() -> None:
    assert plural(1, "logsheet") == "1 logsheet"
    assert plural(0, "logsheet") == "0 logsheets"
    assert plural(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], ""),
        (["Ann"], "Ann"),
        (["Ann", "Bob"], "Ann and Bob"),
        (["A", "B", "C"], "A, B and C"),
    ],
)
def test_lists_are_joined_as_people_say_them(words: list[str], told: str) -> None:
    assert join_and(words) == told


def test_blank_lines_come_one_at_a_time() -> None:
    assert tidy("\n\na  \n\n\n \nb\n\n") == "a\n\nb\n"


def test_a_long_point_is_continued_under_its_text() -> None:
    lines = tidy("- " + "glider " * 20).splitlines()
    assert len(lines) > 1
    assert all(line.startswith("  glider") for line in lines[1:])


def test_a_url_stays_in_one_piece() -> None:
    url = "https://club.example/" + "long-path/" * 20
    assert tidy(f"  {url}") == f"  {url}\n"
    assert url in tidy(f"- Open {url} today").splitlines()[1]


@given(st.text(alphabet="ab -.\n", max_size=400))
def test_no_word_is_lost_and_no_line_too_long(text: str) -> None:
    told = tidy(text)
    assert told.split() == text.split()
    assert all(len(line) <= WIDTH or len(line.split()) <= 2 for line in told.splitlines())
