from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.framework.occurrence import (
    Occurrence,
    occurrence_at,
    parse_moment,
    ticks_between,
)

DAILY = ("0 3 * * *", "0 6 * * *", "0 7 * * *", "0 8 * * *")


ZONES = (
    "America/Los_Angeles",
    "America/Denver",
    "America/New_York",
    "UTC",
    "Pacific/Auckland",
)


NOTIFICATION = "notify_something"


moments = st.integers(0, 60 * 366 * 24 * 3600).map(
    lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def at(moment: str, cron: str = "0 8 * * *") -> Occurrence:
    return occurrence_at(NOTIFICATION, cron, parse_moment(moment))


def in_utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def dates(occurrence: Occurrence, zone: str) -> list[str]:
    return [found.isoformat() for found in occurrence.club_dates(ZoneInfo(zone))]


def two_years(cron: str) -> list[Occurrence]:
    """The occurrence of every tick of 2026 and 2027."""
    ticks = ticks_between(cron, in_utc(2025, 12, 31, 23, 59), in_utc(2027, 12, 31, 23, 59))
    return [occurrence_at(NOTIFICATION, cron, tick) for tick in ticks]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", DAILY)
def test_no_club_date_is_left_out_in_two_years(cron: str, zone: str) -> None:
    """A date belongs to each tick that falls on it, or else to the first tick after it."""
    occurrences = two_years(cron)
    local = [found.club_date(ZoneInfo(zone)) for found in occurrences]
    told = Counter(day for found in occurrences for day in found.club_dates(ZoneInfo(zone)))
    ticks_on = Counter(local)

    first, last = min(told), max(told)
    every = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    assert len(every) >= 729
    assert {day: told[day] for day in every} == {day: ticks_on[day] or 1 for day in every}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", DAILY)
def test_a_club_date_comes_twice_only_where_two_ticks_fall_on_it(cron: str, zone: str) -> None:
    told = Counter(
        day.isoformat() for found in two_years(cron) for day in found.club_dates(ZoneInfo(zone))
    )

    twice = {day for day, times in told.items() if times > 1}
    # Only where a tick is midnight of summer time: in autumn it falls on the day's end too.
    midnight_of_summer_time = {
        ("0 6 * * *", "America/Denver"),
        ("0 7 * * *", "America/Los_Angeles"),
    }
    assert twice == (
        {"2026-11-01", "2027-11-07"} if (cron, zone) in midnight_of_summer_time else set()
    )
    assert max(told.values()) <= 2


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-07T07:00Z", ["2026-03-06"]),
        ("2026-03-08T07:00Z", ["2026-03-07"]),
        ("2026-03-09T07:00Z", ["2026-03-08", "2026-03-09"]),
        ("2026-03-10T07:00Z", ["2026-03-10"]),
        ("2026-10-31T07:00Z", ["2026-10-31"]),
        ("2026-11-01T07:00Z", ["2026-11-01"]),
        ("2026-11-02T07:00Z", ["2026-11-01"]),
        ("2026-11-03T07:00Z", ["2026-11-02"]),
    ],
)
def test_the_days_around_a_change_of_clocks(moment: str, expected: list[str]) -> None:
    assert dates(at(moment, "0 7 * * *"), "America/Los_Angeles") == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/Los_Angeles", ["2026-03-02"]),
        ("America/Denver", ["2026-03-02"]),
        ("America/New_York", ["2026-03-02"]),
        ("UTC", ["2026-03-02"]),
        ("Pacific/Auckland", ["2026-03-02"]),
    ],
)
def test_an_ordinary_day(zone: str, expected: list[str]) -> None:
    assert dates(at("2026-03-02T08:00Z"), zone) == expected


def test_by_hand_at_noon_it_is_about_the_same_date_as_the_tick() -> None:
    tick, noon = at("2026-03-02T08:00Z"), at("2026-03-02T20:00Z")

    for zone in ZONES[:4]:
        assert dates(noon, zone) == dates(tick, zone)


def test_by_hand_on_the_day_without_a_tick_it_is_about_that_day() -> None:
    noon = at("2026-03-08T20:00Z", "0 7 * * *")

    assert dates(noon, "America/Los_Angeles") == ["2026-03-08"]


def test_a_weekly_one_is_about_the_week() -> None:
    assert dates(at("2026-03-02T08:00Z", "0 8 * * 1"), "America/New_York") == [
        f"2026-{day}" for day in ("02-24", "02-25", "02-26", "02-27", "02-28", "03-01", "03-02")
    ]


@given(moments, st.sampled_from(ZONES), st.sampled_from([*DAILY, "0 * * * *", "0 8 * * 1"]))
def test_club_dates_are_a_row_that_ends_with_its_own(
    moment: datetime, zone: str, cron: str
) -> None:
    occurrence = occurrence_at(NOTIFICATION, cron, moment)
    found = occurrence.club_dates(ZoneInfo(zone))

    assert found[-1] == occurrence.club_date(ZoneInfo(zone))
    assert all(after - before == timedelta(days=1) for before, after in pairwise(found))
    assert len(found) == 1 or found[0] > occurrence.previous.astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize(
    ("moment", "zone", "morning"),
    [
        ("2026-03-02T08:00Z", "UTC", date(2026, 3, 3)),
        ("2026-03-02T07:59Z", "UTC", date(2026, 3, 2)),
        ("2026-03-02T08:00Z", "America/Los_Angeles", date(2026, 3, 2)),
        ("2026-03-02T08:00Z", "Pacific/Auckland", date(2026, 3, 3)),
        ("2026-03-08T07:30Z", "America/Los_Angeles", date(2026, 3, 8)),
    ],
)
def test_the_next_morning(moment: str, zone: str, morning: date) -> None:
    assert at(moment).next_morning(ZoneInfo(zone)) == morning
