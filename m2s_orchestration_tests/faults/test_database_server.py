from __future__ import annotations

from m2s_orchestration_tests.faults import database_server
from m2s_orchestration_tests.faults.bench import Bench


def test_a_server_that_goes_away_costs_nobody_a_mail_and_leaves_no_doubt_if_it_comes_back(
    bench: Bench,
) -> None:
    findings = database_server.explore(bench, full=False)

    assert findings.holds, "\n".join(findings.violations)
    # The one that was away for longer than a testimony is repeated.
    assert findings.unknowns == 1
