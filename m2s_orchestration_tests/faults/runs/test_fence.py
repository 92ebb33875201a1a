from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.runs import fence


def test_a_run_that_slept_past_its_term_records_and_sends_nothing_more(bench: Bench) -> None:
    findings = fence.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 60
    assert findings.unknowns == 0
