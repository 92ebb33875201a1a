from __future__ import annotations

from m2s_orchestration_tests.faults import web_application
from m2s_orchestration_tests.faults.bench import Bench


def test_beside_the_web_application_we_give_way_and_take_nothing_that_lives(bench: Bench) -> None:
    findings = web_application.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.unknowns == 0
    assert findings.faults >= 200
