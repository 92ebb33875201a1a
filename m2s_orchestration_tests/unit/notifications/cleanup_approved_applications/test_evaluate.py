"""Which applications are deleted."""

from __future__ import annotations

from m2s_orchestration.framework import Change, Decision, Parameters
from m2s_orchestration.notifications.cleanup_approved_applications import notification
from m2s_orchestration.notifications.cleanup_approved_applications.evaluate import evaluate
from m2s_orchestration.notifications.cleanup_approved_applications.rows import Application, Rows
from m2s_orchestration_tests.factories import club, occurrence

NEW_YEARS_EVE = occurrence("2025-12-31T23:30:00Z", cron=notification.cron)


def decide(*ids: int) -> Decision:
    return evaluate(Rows(tuple(map(Application, ids))), NEW_YEARS_EVE, club(), Parameters())


def test_all_are_one_change_and_nobody_is_told() -> None:
    values = {"application_ids": [3, 4], "as_of": NEW_YEARS_EVE.moment}
    assert decide(3, 4) == Decision(
        changes=(Change("delete applications", "delete_applications", values),),
        found={"old_applications": 2},
    )


def test_where_nothing_is_old_nothing_is_deleted() -> None:
    assert decide() == Decision(found={"old_applications": 0})


def test_it_runs_once_a_year() -> None:
    assert f"{NEW_YEARS_EVE.previous:%Y-%m-%d %H:%M}" == "2024-12-31 23:30"
