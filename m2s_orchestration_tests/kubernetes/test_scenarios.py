"""Whatever happens to a run on a cluster: each mail once, the lease free, and nothing left over."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from m2s_orchestration_tests.kubernetes.scenarios import explore

# How many rows each component has at the least, so that none is lost in silence.
TRIED = {
    "run worker": 14,
    "run launcher": 2,
    "run monitoring": 1,
    "sensor": 3,
    "UI": 2,
    "daemon": 2,
    "code servers": 1,
    "mail server": 2,
    "cluster": 2,
    "service account": 1,
}


def test_whatever_happens_to_a_run_each_mail_leaves_once(tmp_path: Path) -> None:
    """One test for all, because they share their installations and go side by side."""
    rows = explore(tmp_path)

    assert [row for row in rows if not row.holds] == []
    tried = Counter(row.component for row in rows)
    assert {component: tried[component] for component in TRIED} == TRIED
