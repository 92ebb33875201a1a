from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.races import races


def test_however_many_race_and_die_everybody_is_told_once_or_named_as_in_doubt(
    bench: Bench,
) -> None:
    findings = races.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    assert findings.faults >= 20
    assert findings.runs >= 130
