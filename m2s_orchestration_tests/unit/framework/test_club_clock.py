from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from m2s_orchestration.errors import DatabaseFault
from m2s_orchestration.framework.club_clock import ClubClock, in_club_time

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "told"),
    [
        (
            "0 8 * * *",
            "America/New_York",
            (
                "By the club's clock (America/New_York): 03:00, in summer time 04:00."
                " The next, as seen on March 6, 2026: Sat Mar 7, 03:00; Sun Mar 8, 04:00;"
                " Mon Mar 9, 04:00."
            ),
        ),
        (
            "0 10 * * 1",
            "Pacific/Auckland",
            (
                "By the club's clock (Pacific/Auckland): 22:00, in summer time 23:00."
                " The next, as seen on March 7, 2026: Mon Mar 9, 23:00; Mon Mar 16, 23:00;"
                " Mon Mar 23, 23:00."
            ),
        ),
        (
            "0 2 * * 1",
            "America/Phoenix",
            (
                "By the club's clock (America/Phoenix): 19:00. The next, as seen on March 6, 2026:"
                " Sun Mar 8, 19:00; Sun Mar 15, 19:00; Sun Mar 22, 19:00."
            ),
        ),
        (
            "30 23 31 12 *",
            "UTC",
            (
                "By the club's clock (UTC): 23:30. The next, as seen on March 6, 2026:"
                " Thu Dec 31, 23:30; Fri Dec 31, 23:30."
            ),
        ),
    ],
)
def test_a_schedule_is_told_by_the_clubs_clock(cron: str, zone: str, told: str) -> None:
    assert in_club_time(cron, ZoneInfo(zone), NOW) == told


def test_the_clock_is_looked_at_once_for_a_page_of_schedules() -> None:
    looked = []

    def read() -> ZoneInfo:
        looked.append(1)
        return ZoneInfo("Europe/Berlin")

    clock = ClubClock(read)
    assert looked == []
    for cron in ("0 8 * * *", "0 9 * * 0"):
        assert "Europe/Berlin" in clock.describe(cron)
    assert looked == [1]


def test_a_database_that_is_away_is_told_where_the_schedule_is_seen() -> None:
    def read() -> ZoneInfo:
        raise DatabaseFault("The database does not answer.\nAnd more.")

    told = ClubClock(read).describe("0 8 * * *")
    assert told == "The club's clock is not known here: The database does not answer."
