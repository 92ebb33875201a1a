from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from m2s_orchestration.cli.cutover import faults_of
from m2s_orchestration.delivery.cutover import Cutover
from m2s_orchestration.delivery.lease import HeldLease
from m2s_orchestration.notifications import NOTIFICATIONS, notify_aging_logsheets

NAME = "notify_aging_logsheets"
SCHEDULE = notify_aging_logsheets.notification.schedule_name
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOVED = Cutover(
    notification=NAME,
    effective_from=NOW,
    imported=0,
    moved_by="Jane",
    moved_at=NOW,
    back_by=None,
    back_at=None,
)
BACK = replace(MOVED, back_by="Jim", back_at=NOW)
TOMBSTONE = HeldLease(
    notification=NAME,
    owner="moved-to-dagster",
    since=NOW,
    until=NOW,
    is_live=False,
    is_tombstone=True,
    is_out_of_reach=True,
)


def faults(
    moved: Cutover | None, *rows: HeldLease, running: Collection[str] | None = (SCHEDULE,)
) -> list[str]:
    found = {} if moved is None else {NAME: moved}
    return list(faults_of(found, rows, NOTIFICATIONS, running))


def test_moved_kept_out_and_switched_on_is_well() -> None:
    assert faults(MOVED, TOMBSTONE) == []


def test_a_run_of_ours_keeps_the_old_command_out_as_a_tombstone_does() -> None:
    running = replace(
        TOMBSTONE, owner="pod-1", is_tombstone=False, is_live=True, until=NOW + timedelta(minutes=1)
    )

    assert faults(MOVED, running) == []


def test_without_its_row_the_old_command_can_come_in() -> None:
    foreign = replace(TOMBSTONE, owner="web-1", is_tombstone=False, is_out_of_reach=False)

    for rows in ((), (foreign,), (replace(TOMBSTONE, notification="another"),)):
        (fault,) = faults(MOVED, *rows)
        assert f"m2s cutover {NAME} --yes" in fault


def test_moved_and_switched_off_is_sent_by_nobody() -> None:
    (fault,) = faults(MOVED, TOMBSTONE, running=set())

    assert "nobody sends it" in fault
    assert faults(MOVED, TOMBSTONE, running=None) == []


def test_gone_back_and_switched_on_only_rehearses() -> None:
    (fault,) = faults(BACK)

    assert "only rehearse" in fault
    assert faults(BACK, running=set()) == []


def test_what_never_moved_is_nobodys_business() -> None:
    assert faults(None) == []
