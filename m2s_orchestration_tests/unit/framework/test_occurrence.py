from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

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
    tick_after,
    tick_before,
    ticks_between,
)

DAILY = ("0 3 * * *", "0 6 * * *", "0 7 * * *", "0 8 * * *")


NOTIFICATION = "notify_something"


moments = st.integers(0, 60 * 366 * 24 * 3600).map(
    lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def at(moment: str, cron: str = "0 8 * * *") -> Occurrence:
    return occurrence_at(NOTIFICATION, cron, parse_moment(moment))


def in_utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


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
    [
        "",
        "2026-03-02",
        "2026-03-02T08:00",
        "2026-13-02-08:00",
        "2026-03-02-08:00Z",
        "0001-01-01-00:00",
    ],
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
    with suppress(BadParameter):
        assert parse_moment(text).tzinfo is UTC


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


@given(moments, st.sampled_from(DAILY))
def test_the_tick_after_a_moment_is_the_first_one(moment: datetime, cron: str) -> None:
    tick = tick_after(cron, moment)

    assert tick > moment
    assert ticks_between(cron, moment, tick) == [tick]
    assert tick_before(cron, tick) <= moment
