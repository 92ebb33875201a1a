from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.database import locks as database_locks


def test_whatever_somebody_holds_a_run_waits_for_it_or_says_that_it_could_not(
    bench: Bench,
) -> None:
    findings = database_locks.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    # The testimony that was locked out for good.
    assert findings.unknowns == 1
