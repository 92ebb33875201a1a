from __future__ import annotations

from m2s_orchestration_tests.faults import database_locks
from m2s_orchestration_tests.faults.bench import Bench


def test_whatever_somebody_holds_a_run_waits_for_it_or_says_that_it_could_not(
    bench: Bench,
) -> None:
    findings = database_locks.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    # The testimony that was locked out for good.
    assert findings.unknowns == 1
