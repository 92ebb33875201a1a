from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.database import delays as database_delays


def test_however_late_the_database_answers_nobody_is_told_twice(bench: Bench) -> None:
    findings = database_delays.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.unknowns == 0
