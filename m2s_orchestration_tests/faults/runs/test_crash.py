from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.runs import crash


def test_whenever_a_run_is_killed_everybody_is_told_once_or_named_as_in_doubt(bench: Bench) -> None:
    findings = crash.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 100
    # After the claim, on both sides of the dot and of preparing the testimony, and before that.
    assert findings.unknowns == 6
