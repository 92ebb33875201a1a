from __future__ import annotations

from m2s_orchestration_tests.faults import database_delays
from m2s_orchestration_tests.faults.bench import Bench


def test_however_late_the_database_answers_nobody_is_told_twice(bench: Bench) -> None:
    findings = database_delays.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.unknowns == 0
