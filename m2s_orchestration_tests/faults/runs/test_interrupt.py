from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.bench.database_wire import CONNECTING
from m2s_orchestration_tests.faults.bench.survey import SIDES, Moment, survey
from m2s_orchestration_tests.faults.runs import interrupt


def test_a_run_that_is_told_to_stop_finishes_the_mail_in_hand_and_begins_no_other(
    bench: Bench,
) -> None:
    findings = interrupt.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 100
    assert findings.unknowns == 0


def test_a_run_that_is_told_to_stop_while_it_gives_its_lease_back_still_does(bench: Bench) -> None:
    notification = "notify_aging_logsheets"
    surveyed = survey(bench, notification)
    *_, last_connection = (point for point in surveyed.points if point.said == CONNECTING)

    for side in SIDES:
        found = interrupt.interrupt(bench, surveyed, Moment(notification, last_connection, side))

        assert found.complaints == ()
