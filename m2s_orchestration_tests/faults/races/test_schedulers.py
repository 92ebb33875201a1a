from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.races import schedulers


def test_whatever_starts_runs_over_one_another_each_mail_leaves_once(bench: Bench) -> None:
    findings = schedulers.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 5
