"""The benchmark of the UI's pages runs at its smallest."""

from __future__ import annotations

from pathlib import Path

from benchmarks import pages
from benchmarks.laboratory import Laboratory
from m2s_orchestration.demo.postgres import EmbeddedPostgres


def test_it_opens_every_page_over_a_past_that_grows(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    findings = pages.measure(Laboratory(tmp_path, postgres, is_small=True))

    assert len(findings.rows) == len(findings.plots[0].curves) == 8
    assert all(row.figure > 0 for row in findings.rows)
