from __future__ import annotations

from difflib import unified_diff

import pytest

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.repertoire.oracle import findings
from m2s_orchestration_tests.faults.repertoire.page import PAGE, page
from m2s_orchestration_tests.faults.repertoire.repertoire import NAME, try_all

REMEDY = "`python -m m2s_orchestration_tests.faults.repertoire.repertoire --write` writes it anew."


def test_whatever_a_mail_server_does_nobody_is_told_twice_or_left_out_and_the_page_says_so(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seen = try_all(Bench(postgres, tmp_path_factory.mktemp("repertoire")))

    found = findings(NAME, seen)
    assert found.holds, "\n".join(found.violations)
    assert found.faults >= 100

    written = PAGE.read_text(encoding="utf-8").splitlines()
    differences = list(unified_diff(written, page(seen).splitlines(), "page", "seen", lineterm=""))
    assert not differences, "\n".join((*differences, REMEDY))
