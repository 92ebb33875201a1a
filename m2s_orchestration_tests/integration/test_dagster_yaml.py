"""The instance that `dagster.yaml` describes, on a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework.pod import run_tags
from m2s_orchestration.notifications import NOTIFICATIONS

CHECKOUT = Path(__file__).parents[2]
DATABASE = "dagster_instance"


@pytest.fixture(scope="module")
def instance(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dg.DagsterInstance]:
    """The instance in a home of its own."""
    home = tmp_path_factory.mktemp("dagster")
    shutil.copy(CHECKOUT / "dagster.yaml", home)
    postgres.create_database(DATABASE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        patch.setenv("DAGSTER_PG_URL", postgres.conninfo(DATABASE))
        with dg.DagsterInstance.get() as instance:
            yield instance
    postgres.drop_database(DATABASE)


def test_what_happens_is_kept_in_postgresql(instance: dg.DagsterInstance) -> None:
    assert instance.add_run(dg.DagsterRun(job_name="any")).run_id
    kept = instance.get_runs(dg.RunsFilter(job_name="any"))

    assert len(kept) == 1


def test_one_run_of_a_notification_goes_at_a_time(instance: dg.DagsterInstance) -> None:
    queue = instance.get_concurrency_config().run_queue_config
    assert queue is not None
    (limit,) = queue.tag_concurrency_limits

    assert limit["limit"] == 1
    assert limit["value"] == {"applyLimitPerUniqueValue": True}
    assert all(limit["key"] in run_tags(notification) for notification in NOTIFICATIONS)


def test_runs_whose_process_is_gone_are_ended_and_not_resumed(
    instance: dg.DagsterInstance,
) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_resume_run_attempts == 0
    assert not instance.run_retries_enabled


def test_nothing_is_reported_to_anybody(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled
