from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.runs import interrupt


def test_a_run_that_is_told_to_stop_finishes_the_mail_in_hand_and_begins_no_other(
    bench: Bench,
) -> None:
    findings = interrupt.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 100
    assert findings.unknowns == 0
