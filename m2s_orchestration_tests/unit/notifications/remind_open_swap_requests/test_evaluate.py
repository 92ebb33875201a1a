"""Who is reminded of which open request."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Decision, Parameters
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.notifications.remind_open_swap_requests import notification
from m2s_orchestration.notifications.remind_open_swap_requests.evaluate import (
    STEPS,
    Facts,
    evaluate,
    step_of,
)
from m2s_orchestration.notifications.remind_open_swap_requests.rows import Reader, Request, Rows
from m2s_orchestration_tests.factories import club, member, occurrence

TWO = club(member(1, first_name="Ann", last_name="Archer"), member(2))
# Ten in the evening of the 28th of February in New York.
NIGHT = "2026-03-01T03:20:00Z"


def request(day: str = "2026-03-07", **values: Any) -> Request:
    defaults: dict[str, Any] = {
        "id": 7,
        "requester_id": 1,
        "role": "TOW",
        "dynamic_role_key": "",
        "dynamic_role_label": "",
        "notes": "",
    }
    return Request(**{"original_date": date.fromisoformat(day), **defaults, **values})


def decide(
    *requests: Request,
    readers: tuple[Reader, ...] = (Reader(7, 1, "requester"), Reader(7, 2, "eligible")),
    within: Club = TWO,
    at: str = NIGHT,
) -> Decision:
    moment = occurrence(at, cron=notification.cron)
    return evaluate(Rows(requests, readers), moment, within, Parameters())


def told(decision: Decision) -> set[tuple[str, str]]:
    return {(message.recipient.key, message.period) for message in decision.messages}


def test_every_reader_is_told_why_they_hear_of_it() -> None:
    decision = decide(request(notes=" Away. "))
    asked, able = (message.facts for message in decision.messages)
    assert asked == Facts(
        title="Tow Pilot",
        day=date(2026, 3, 7),
        days_left=7,
        requester="Ann Archer",
        notes="Away.",
        path="/duty_roster/swap/request/7/",
        reason="requester",
    )
    assert isinstance(able, Facts)
    assert able.reason == "eligible"


@pytest.mark.parametrize(
    ("left", "step"),
    [(15, None), (14, 14), (13, 14), (8, 14), (7, 7), (4, 7), (3, 3), (2, 3), (1, 1), (0, 1)],
)
def test_a_step_lasts_until_the_next_one_is_reached(left: int, step: int | None) -> None:
    assert step_of(left) == step


def test_a_night_that_was_missed_has_the_period_of_its_step() -> None:
    periods = {
        next(iter(told(decide(request(), at=f"2026-03-{day:02}T03:20:00Z"))))[1]
        for day in (1, 2, 3, 4)
    }
    assert periods == {"request 7, step 7"}


@pytest.mark.parametrize("zone", ["America/Denver", "America/New_York", "UTC", "Pacific/Auckland"])
def test_over_a_change_of_clocks_each_step_is_told_once(zone: str) -> None:
    within = club(member(1), zone=zone)
    readers = (Reader(7, 1, "requester"),)
    first, last = datetime(2026, 2, 18, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC)
    found: list[str] = []
    for tick in ticks_between(notification.cron, first, last):
        today = tick.astimezone(within.zone).date()
        if 1 <= (date(2026, 3, 12) - today).days <= max(STEPS):
            night = decide(
                request("2026-03-12"), readers=readers, within=within, at=tick.isoformat()
            )
            found += [period for _, period in told(night)]
    assert list(dict.fromkeys(found)) == [f"request 7, step {step}" for step in STEPS]


def test_who_cannot_be_mailed_is_passed_over_and_the_operators_hear_on_the_day_of_a_step() -> None:
    within = club(member(1, email=""), member(2, membership_status="Inactive"))
    decision = decide(request(), within=within)
    assert len(decision.passed_over) == 2
    (untold,) = decision.untold
    assert untold.item == "the swap request 7 of 2026-03-07"
    assert not decide(request("2026-03-06"), within=within).untold
    assert not decide(request()).untold


def test_where_nothing_is_open_nobody_hears() -> None:
    assert decide(readers=()) == Decision(found={"open_requests": 0, "readers": 0})
