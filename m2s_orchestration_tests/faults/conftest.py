"""One bench for all experiments of a session."""

from __future__ import annotations

import pytest

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.faults.bench.bench import Bench


@pytest.fixture(scope="session")
def bench(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(postgres, tmp_path_factory.mktemp("laboratory"))
