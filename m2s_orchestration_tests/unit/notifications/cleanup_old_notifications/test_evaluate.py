"""Which notices are deleted."""

from __future__ import annotations

import pytest

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework import Change, Decision
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.notifications.cleanup_old_notifications import notification
from m2s_orchestration.notifications.cleanup_old_notifications.evaluate import (
    Parameters,
    evaluate,
)
from m2s_orchestration.notifications.cleanup_old_notifications.rows import Batch, Rows
from m2s_orchestration_tests.factories import club, occurrence

MONTHS_END = occurrence("2026-02-28T23:59:00Z", cron=notification.cron)


def decide(*batches: Batch, days: int = 60) -> Decision:
    return evaluate(Rows(batches), MONTHS_END, club(), Parameters(days=days))


def test_each_batch_is_a_change_of_its_own_and_nobody_is_told() -> None:
    decision = decide(Batch(1, 1400, 1000), Batch(1401, 1500, 12), days=90)
    assert decision.changes == tuple(
        Change(
            f"delete:{first}-{last}",
            "delete_batch",
            {"first_id": first, "last_id": last, "as_of": MONTHS_END.moment, "days": 90},
        )
        for first, last in ((1, 1400), (1401, 1500))
    )
    assert decision.found == {"old_notices": 1012}
    assert (decision.messages, decision.notices, decision.untold) == ((), (), ())


def test_where_nothing_is_old_nothing_is_deleted() -> None:
    assert decide() == Decision(found={"old_notices": 0})


@pytest.mark.parametrize("days", [29, 0, -1])
def test_less_than_a_month_is_refused(days: int) -> None:
    with pytest.raises(BadParameter, match="parameter days"):
        checked(notification.parameters, {"days": days})
