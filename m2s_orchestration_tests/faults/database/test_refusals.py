from __future__ import annotations

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.database import refusals as database_refusals


def test_what_the_database_refuses_is_told_with_a_remedy_and_made_up_for(bench: Bench) -> None:
    findings = database_refusals.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    # Testimonies for which the ledger never takes a word again.
    assert findings.unknowns == 2
