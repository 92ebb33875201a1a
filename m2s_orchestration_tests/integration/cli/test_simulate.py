"""Days are lived on the club as it is, tick by tick, and leave no trace."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from m2s_orchestration.cli import main
from m2s_orchestration.cli.simulation import Course, live, planned
from m2s_orchestration.club.reading import read_club
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.conformance.lives import contents, settings

SUMMARIES = "send_instructor_summary_emails"


def lived(database: Database, name: str, first: date, last: date, zone: str = "") -> Course:
    """What one notification would do in these days."""
    environment = settings(database.conninfo)
    with database.connect("simulate") as connection:
        if zone:
            connection.execute(
                "UPDATE siteconfig_siteconfiguration SET club_timezone = %s", (zone,)
            )
        club = read_club(connection, environment)
        simulation, agenda = planned([notification_named(name)], club, first, last)
        assert len(list(live(agenda, connection, environment))) == len(agenda)
    return simulation.courses[0]


def test_each_tick_is_told_as_a_run_would_tell_it(database: Database) -> None:
    course = lived(database, SUMMARIES, date(2026, 2, 28), date(2026, 3, 2))
    assert course.ticks == 3
    # Monday has one instructor, Tuesday two, Wednesday one.
    assert course.by_day == {date(2026, 2, 28): 1, date(2026, 3, 1): 2, date(2026, 3, 2): 1}
    assert course.people == 4
    assert (course.skipped, course.held_back) == ([], 0)


def test_what_the_ledger_would_hold_back_is_held_back(database: Database) -> None:
    course = lived(database, "expire_past_swap_requests", date(2026, 2, 28), date(2026, 3, 2))
    assert (len(course.told), course.held_back) == (3, 6)


@pytest.mark.parametrize(
    ("first", "last", "doubled"),
    [
        # The clock goes forward: a date without a tick of its own is the next tick's as well.
        (date(2026, 3, 7), date(2026, 3, 11), []),
        # It goes back: two ticks fall on one date.
        (date(2026, 10, 30), date(2026, 11, 3), [date(2026, 11, 1)]),
    ],
)
def test_no_date_is_left_out_over_a_change_of_clocks(
    database: Database, first: date, last: date, doubled: list[date]
) -> None:
    course = lived(database, SUMMARIES, first, last, "America/Denver")
    assert course.skipped == []
    assert course.doubled == doubled


def test_the_command_tells_draws_and_leaves_no_trace(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "DATABASE_URL": database.conninfo,
        "EMAIL_HOST": "127.0.0.1",
        "DEFAULT_FROM_EMAIL": "office@example.org",
    }.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "new" / "calendar.html"
    days = ["--from", "2026-02-27", "--to", "2026-03-02", "--only", SUMMARIES]
    with database.connect("conformance") as club:
        before = contents(club)
        ended = CliRunner().invoke(main, ["simulate", *days, "--page", str(file)])
        assert contents(club) == before
    assert ended.exit_code == 0, ended.output
    assert "4 (4)" in ended.output
    assert "2026-03-01: 2" in ended.output
    page = file.read_text(encoding="utf-8")
    # One square a day, for all together and for the one notification.
    assert len(re.findall(r"<rect class=\"s\d\" x=\"\d+\" y=\"\d+\"[^>]*><title>", page)) == 8
    assert page.count("Sunday, March 1, 2026: 2") == 2
    assert "http" not in page


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-13-01", "2026-12-31", "--from is '2026-13-01'"),
        ("2026-02-01", "2026-01-31", "which is before --from"),
    ],
)
def test_days_that_are_none_are_refused(first: str, last: str, words: str) -> None:
    ended = CliRunner().invoke(main, ["simulate", "--from", first, "--to", last])
    assert ended.exit_code == 2
    assert words in ended.output
