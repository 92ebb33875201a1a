from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.races import web_application


def test_beside_the_web_application_we_give_way_and_take_nothing_that_lives(bench: Bench) -> None:
    findings = web_application.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.unknowns == 0
    assert findings.faults >= 200
