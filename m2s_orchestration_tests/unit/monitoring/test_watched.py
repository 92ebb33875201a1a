"""Which occurrence is late, by schedules, cutovers and what the ledger has closed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.delivery.cutover import Cutover
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.monitoring.metrics.watched import Watched, in_bytes
from m2s_orchestration.notifications import NOTIFICATIONS

WATCHED = Watched(NOTIFICATIONS, alert, COMMANDS)
AGING = "notify_aging_logsheets"
# It ticks daily, at 08:00.
TICK = datetime(2026, 3, 2, 8, tzinfo=UTC)
NOW = TICK + timedelta(hours=2)
BEFORE = TICK - timedelta(hours=3)


def late(
    *,
    on_since: datetime | None = BEFORE,
    moved: Cutover | None = None,
    closed: datetime | None = None,
) -> float:
    found = WATCHED.late(
        {f"{AGING}_schedule": on_since} if on_since else {},
        {AGING: moved} if moved else {},
        {AGING: closed} if closed else {},
        NOW,
    )
    told = {sample.labels[0]: sample.value for sample in found}
    assert told.keys() == {item.name for item in NOTIFICATIONS}
    value = told[AGING]
    assert isinstance(value, float)
    return value


def cutover(effective_from: datetime, back_at: datetime | None = None) -> Cutover:
    return Cutover(AGING, effective_from, 0, "jane", BEFORE, "jane" if back_at else None, back_at)


def test_what_is_due_and_not_done_is_late_since_its_tick() -> None:
    assert late() == 7200


def test_what_is_closed_is_not_late() -> None:
    assert late(closed=TICK) == 0


def test_a_later_occurrence_that_a_person_chose_closes_it_too() -> None:
    assert late(closed=TICK + timedelta(hours=1)) == 0


def test_an_older_occurrence_that_is_closed_closes_nothing_newer() -> None:
    assert late(closed=TICK - timedelta(days=1)) == 7200


def test_a_schedule_that_is_off_owes_nothing() -> None:
    assert late(on_since=None) == 0


def test_a_schedule_owes_nothing_of_before_it_was_switched_on() -> None:
    assert late(on_since=TICK + timedelta(minutes=1)) == 0


def test_what_was_due_between_cutover_and_switch_is_late() -> None:
    assert late(on_since=TICK + timedelta(minutes=1), moved=cutover(TICK)) == 7200


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param(cutover(TICK + timedelta(hours=1)), id="it moves over later"),
        pytest.param(cutover(BEFORE, back_at=TICK - timedelta(hours=1)), id="it went back"),
    ],
)
def test_what_is_the_web_applications_is_not_late(moved: Cutover) -> None:
    assert late(moved=moved) == 0


@pytest.mark.parametrize("quantity", [item.pod.memory[1] for item in (*NOTIFICATIONS, alert)])
def test_every_declared_limit_is_understood(quantity: str) -> None:
    assert 64 * 1024**2 <= in_bytes(quantity) <= 4 * 1024**3


def test_a_gibibyte_is_a_gibibyte() -> None:
    assert in_bytes("1Gi") == 1024**3
