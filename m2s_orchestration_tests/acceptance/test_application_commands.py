"""The web application's own commands as Dagster jobs, as a scheduler or a person starts them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import dagster as dg
import pytest

from m2s_orchestration_tests.acceptance.conftest import Site
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.application.conftest import MANAGE
from m2s_orchestration_tests.web_application import WebApplication

CLOSE = "close_billing_periods"


@pytest.fixture
def instance(site: Site) -> Iterator[dg.DagsterInstance]:
    """Dagster's memory of the runs that this test's processes start, in files."""
    home = site.folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    site.environment.update(
        DAGSTER_HOME=str(home),
        APPLICATION_COMMAND=f"{sys.executable} {MANAGE}",
        CLUB=site.database.conninfo,
    )
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def start(site: Site, behaviour: str, job: str = CLOSE) -> subprocess.Popen[str]:
    return site.start(
        *("dagster", "job", "execute", "-m", "m2s_orchestration.definitions", "-j", job),
        BEHAVIOUR=behaviour,
    )


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=180)
    return process.returncode


def locks(site: Site) -> list[str]:
    with site.database.connect("test") as connection:
        rows = connection.execute("SELECT job_name FROM cronjob_locks ORDER BY job_name")
        return [name for (name,) in rows]


def test_a_run_shows_what_the_command_said_and_how_it_ended(
    site: Site, instance: dg.DagsterInstance
) -> None:
    assert ended(start(site, "hello")) == 0

    (run,) = instance.get_runs()
    assert (run.status, run.tags["m2s/outcome"]) == (dg.DagsterRunStatus.SUCCESS, "done")
    event = instance.get_latest_materialization_event(dg.AssetKey(CLOSE))
    assert event
    assert event.asset_materialization
    shown = event.asset_materialization.metadata["last lines"].value
    assert f"hello {CLOSE} --verbosity=1" in str(shown)
    assert locks(site) == []


def test_a_command_that_fails_makes_the_run_red(site: Site, instance: dg.DagsterInstance) -> None:
    assert ended(start(site, "fail")) == 1

    (run,) = instance.get_runs()
    assert (run.status, run.tags["m2s/outcome"]) == (dg.DagsterRunStatus.FAILURE, "incomplete")


def test_what_failed_in_the_outbox_makes_the_run_red_although_the_command_says_0(
    site: Site, instance: dg.DagsterInstance
) -> None:
    """The demo club has a summary that waits."""
    status = ended(start(site, "send_none", job="process_finalization_email_outbox"))

    (run,) = instance.get_runs()
    assert (status, run.tags["m2s/outcome"]) == (1, "incomplete")


def test_while_the_cronjob_has_the_lock_the_run_is_busy(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with site.database.connect("web application") as connection:
        WebApplication(connection, CLOSE).insert()

    assert ended(start(site, "fail")) == 0

    (run,) = instance.get_runs()
    assert (run.status, run.tags["m2s/outcome"]) == (dg.DagsterRunStatus.SUCCESS, "busy")


def test_a_run_that_is_told_to_stop_tells_the_command(
    site: Site, instance: dg.DagsterInstance
) -> None:
    process = start(site, "wait")
    eventually(lambda: CLOSE in locks(site), within=120)

    process.send_signal(signal.SIGTERM)

    assert ended(process) != 0
    (run,) = instance.get_runs()
    assert run.status is not dg.DagsterRunStatus.SUCCESS
    logs = [entry.user_message for entry in instance.all_logs(run.run_id)]
    assert "told to end" in logs
    assert locks(site) == []


def test_without_settings_the_run_is_refused_with_the_remedy(
    site: Site, instance: dg.DagsterInstance
) -> None:
    site.environment["APPLICATION_COMMAND"] = ""

    assert ended(start(site, "hello")) == 1

    (run,) = instance.get_runs()
    assert run.tags["m2s/outcome"] == "refused"


def test_there_is_nothing_to_move_over(site: Site) -> None:
    told = site.run("m2s_orchestration.cli", "cutover", CLOSE, "--yes")

    assert told.returncode == 2
    assert f"switch {CLOSE}_schedule on" in told.stderr
