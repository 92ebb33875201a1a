from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.occurrence import (
    Occurrence,
    latest_occurrence,
    occurrence_at,
    parse_key,
    parse_moment,
    tick_before,
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
moments = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)


def at(moment: str, cron: str = "0 8 * * *") -> Occurrence:
    return occurrence_at(NOTIFICATION, cron, parse_moment(moment))


def in_utc(*parts: int) -> datetime:
    year, month, day, *rest = parts
    return datetime(year, month, day, *rest, tzinfo=UTC)


def dates(occurrence: Occurrence, zone: str) -> list[str]:
    return [found.isoformat() for found in occurrence.club_dates(ZoneInfo(zone))]


def two_years(cron: str) -> list[Occurrence]:
    """The occurrence of every tick of 2026 and 2027."""
    ticks = ticks_between(cron, in_utc(2025, 12, 31, 23, 59), in_utc(2027, 12, 31, 23, 59))
    return [occurrence_at(NOTIFICATION, cron, tick) for tick in ticks]


def test_a_key_is_its_moment_in_utc() -> None:
    assert at("2026-03-02T08:00:00Z").key == "2026-03-02-08:00"
    assert at("2026-03-02T00:00:00-08:00").key == "2026-03-02-08:00"
    assert at("2026-03-02T12:34:56Z").key == "2026-03-02-12:34:56"


@given(moments)
def test_a_key_leads_back_to_its_moment(moment: datetime) -> None:
    occurrence = occurrence_at(NOTIFICATION, "0 8 * * *", moment)

    assert parse_key(occurrence.key) == occurrence.moment
    assert occurrence.moment == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    "key",
    ["", "2026-03-02", "2026-03-02T08:00", "2026-13-02-08:00", "2026-03-02-08:00Z", "0001-01-01-00:00"],
)
def test_what_is_no_key_is_refused_with_an_example(key: str) -> None:
    with pytest.raises(BadParameter, match="2026-03-02-08:00") as caught:
        parse_key(key)
    assert repr(key) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02T08:00:00Z",
        "2026-03-02T08:00:00+00:00",
        "2026-03-02T03:00:00-05:00",
        "2026-03-02T03:00-05",
        "2026-03-02 08:00Z",
        " 20260302T080000Z ",
    ],
)
def test_a_moment_is_written_with_its_zone(text: str) -> None:
    moment = parse_moment(text)

    assert (moment, moment.tzinfo) == (in_utc(2026, 3, 2, 8), UTC)


@pytest.mark.parametrize("text", ["2026-03-02T08:00:00", "2026-03-02", "2026-03-02 08:00"])
def test_a_moment_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="names no zone: add Z"):
        parse_moment(text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-02-30T08:00Z", "2026-03-02T25:00Z", "1772438400", "08:00Z"]
)
def test_what_is_no_moment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadParameter, match="2026-03-02T08:00:00Z") as caught:
        parse_moment(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00", "0206-03-02T08:00Z"]
)
def test_a_year_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="is the year right"):
        parse_moment(text)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        assert parse_moment(text).tzinfo is UTC
    except BadParameter:
        pass


@pytest.mark.parametrize(
    ("now", "key"),
    [
        ("2026-03-02T08:00:00Z", "2026-03-02-08:00"),
        ("2026-03-02T08:00:00.999999Z", "2026-03-02-08:00"),
        ("2026-03-02T07:59:59.999999Z", "2026-03-01-08:00"),
        ("2026-03-02T23:00:00Z", "2026-03-02-08:00"),
        ("2026-03-02T00:30:00-08:00", "2026-03-02-08:00"),
    ],
)
def test_the_latest_occurrence_is_that_of_the_tick_at_or_before_now(now: str, key: str) -> None:
    assert latest_occurrence(NOTIFICATION, "0 8 * * *", parse_moment(now)).key == key


@pytest.mark.parametrize(
    ("cron", "key", "before"),
    [
        ("0 7 1 * *", "2026-02-01-07:00", "2026-01-01-07:00"),
        ("0 9 * * 1", "2026-02-23-09:00", "2026-02-16-09:00"),
        ("0 0 29 2 *", "2024-02-29-00:00", "2020-02-29-00:00"),
    ],
)
def test_occurrences_may_be_far_apart(cron: str, key: str, before: str) -> None:
    found = latest_occurrence(NOTIFICATION, cron, parse_moment("2026-02-28T12:00Z"))

    assert (found.key, found.previous) == (key, parse_key(before))


def test_at_a_tick_the_previous_one_is_the_one_before() -> None:
    occurrence = at("2026-03-02T08:00:00Z")

    assert occurrence.previous == in_utc(2026, 3, 1, 8)
    assert occurrence.tick == occurrence.moment


def test_between_two_ticks_the_previous_one_is_the_last() -> None:
    occurrence = at("2026-03-02T12:34:56Z")

    assert occurrence.previous == in_utc(2026, 3, 2, 8)
    assert occurrence.tick == in_utc(2026, 3, 2, 8)


@given(moments, st.sampled_from([*DAILY, "0 7 1 * *", "*/10 * * * *"]))
def test_ticks_before_and_between_agree(moment: datetime, cron: str) -> None:
    before = tick_before(cron, moment)

    assert before < moment
    between = ticks_between(cron, before - timedelta(seconds=1), moment)
    assert between[0] == before
    assert between[1:] in ([], [moment])


def test_a_year_has_its_ticks() -> None:
    year = ticks_between("0 8 * * *", in_utc(2027, 12, 31, 8), in_utc(2028, 12, 31, 8))

    assert len(year) == 366
    assert {tick.time().isoformat() for tick in year} == {"08:00:00"}
    assert {after - before for before, after in pairwise(year)} == {timedelta(days=1)}


def test_nothing_ticks_in_no_time() -> None:
    now = in_utc(2026, 3, 2, 8)

    assert ticks_between("0 8 * * *", now, now) == []
    assert ticks_between("0 8 * * *", now - timedelta(seconds=1), now) == [now]


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
        day.isoformat()
        for found in two_years(cron)
        for day in found.club_dates(ZoneInfo(zone))
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
