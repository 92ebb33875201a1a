from __future__ import annotations

from m2s_orchestration_tests.faults import database
from m2s_orchestration_tests.faults.bench import Bench


def test_whenever_a_connection_is_lost_everybody_is_told_once_and_nothing_is_in_doubt(
    bench: Bench,
) -> None:
    findings = database.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 40
    assert findings.unknowns == 0
