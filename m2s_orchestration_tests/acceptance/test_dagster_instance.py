"""Runs, schedules and the sensor on a real Dagster instance in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from m2s_orchestration.definitions import defs
from m2s_orchestration.delivery.cutover import move
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.monitoring.missed_occurrences import runs_lacking
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.acceptance.conftest import Site, settings, switch_on
from m2s_orchestration_tests.smtp_script import hang
from m2s_orchestration_tests.smtp_server import SmtpServer

AGING = "notify_aging_logsheets"
SCHEDULE = f"{AGING}_schedule"


def test_a_run_is_remembered_with_its_partition_its_outcome_and_its_figures(
    site: Site, instance: dg.DagsterInstance
) -> None:
    site.run(
        *("m2s_orchestration.cli", "run", AGING),
        *("--as-of", "2026-03-01T08:00Z", "--send-late"),
    )

    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.tags["dagster/partition"] == "2026-03-01-08:00"
    assert run.tags["m2s/outcome"] == "sent"
    event = instance.get_latest_materialization_event(dg.AssetKey(AGING))
    assert event
    assert event.asset_materialization
    assert event.asset_materialization.metadata["sent"].value == 2


def test_a_run_that_is_interrupted_says_that_it_is_not_done(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with SmtpServer() as server:
        server.on("dot", hang(accepts=True), times=1)
        site.environment.update(EMAIL_PORT=str(server.port), EMAIL_CONNECTIONS="1")
        arguments = ("run", AGING, "--as-of", "2026-03-01T08:00Z", "--send-late")
        process = site.start("m2s_orchestration.cli", *arguments)
        server.wait_for("dot")
        process.terminate()
        server.release()
        process.communicate(timeout=60)

    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert run.tags["m2s/outcome"] == "incomplete"


def test_the_tick_at_eight_is_the_partition_of_eight() -> None:
    schedule = defs.resolve_schedule_def(SCHEDULE)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance=instance,
            repository_def=defs.get_repository_def(),
            scheduled_execution_time=datetime(2026, 3, 2, 8, tzinfo=UTC),
        )
        (request,) = schedule.evaluate_tick(context).run_requests or ()

    assert request.partition_key == "2026-03-02-08:00"


def test_a_tick_that_no_run_served_is_made_up_for_once_its_schedule_is_on(
    site: Site, instance: dg.DagsterInstance
) -> None:
    switched_on_by = datetime.now(UTC) + timedelta(minutes=5)
    tick = ticks_between("0 8 * * *", switched_on_by, switched_on_by + timedelta(days=1))[0]
    after_it = tick + timedelta(hours=1)

    off = runs_lacking(instance, settings(site), NOTIFICATIONS, now=after_it)
    switch_on(site, SCHEDULE)
    (on,) = runs_lacking(instance, settings(site), NOTIFICATIONS, now=after_it)

    assert off == []
    assert (on.job_name, on.partition_key) == (AGING, f"{tick:%Y-%m-%d-%H:%M}")


def test_a_tick_that_was_missed_for_too_long_is_noted_as_expired(
    site: Site, instance: dg.DagsterInstance
) -> None:
    switch_on(site, SCHEDULE)
    in_three_days = datetime.now(UTC) + timedelta(days=3)

    requests = runs_lacking(instance, settings(site), NOTIFICATIONS, now=in_three_days)

    assert len(requests) <= 1
    with site.database.connect("test") as connection:
        states = connection.execute(
            "SELECT DISTINCT state FROM m2s_orchestration.occurrence"
        ).fetchall()
    assert states == [("expired",)]


def test_what_is_the_web_applications_is_neither_made_up_for_nor_noted(
    site: Site, instance: dg.DagsterInstance
) -> None:
    switch_on(site, SCHEDULE)
    in_three_days = datetime.now(UTC) + timedelta(days=3)
    with site.database.connect("test") as connection:
        move(
            connection,
            notification=AGING,
            effective_from=in_three_days + timedelta(days=1),
            person="Jane",
        )

    assert runs_lacking(instance, settings(site), NOTIFICATIONS, now=in_three_days) == []
    with site.database.connect("test") as connection:
        noted = connection.execute("SELECT count(*) FROM m2s_orchestration.occurrence").fetchone()
    assert noted == (0,)


def test_a_tick_between_the_move_and_the_switch_is_made_up_for(
    site: Site, instance: dg.DagsterInstance
) -> None:
    now = datetime.now(UTC)
    tick = ticks_between("0 8 * * *", now - timedelta(days=1), now)[0]
    after_it = tick + timedelta(hours=1)
    with site.database.connect("test") as connection:
        move(connection, notification=AGING, effective_from=tick, person="Jane")
    switch_on(site, SCHEDULE)

    (request,) = runs_lacking(instance, settings(site), NOTIFICATIONS, now=after_it)

    assert (request.job_name, request.partition_key) == (AGING, f"{tick:%Y-%m-%d-%H:%M}")


def test_every_job_has_its_page_its_partitions_and_a_schedule_that_is_off() -> None:
    for notification in NOTIFICATIONS:
        job = defs.resolve_job_def(notification.name)
        schedule = defs.resolve_schedule_def(f"{notification.name}_schedule")

        assert str(job.description).startswith(notification.page)
        assert job.partitions_def
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
        assert schedule.execution_timezone == "UTC"
        assert schedule.cron_schedule == notification.cron


def test_a_moment_that_a_person_chose_is_finished_without_a_partition(
    site: Site, instance: dg.DagsterInstance
) -> None:
    switch_on(site, SCHEDULE)
    site.environment["EMAIL_PORT"] = "9"
    site.run(
        *("m2s_orchestration.cli", "run", AGING),
        *("--as-of", "2026-03-01T12:34Z", "--send-late"),
    )
    # Long enough for another try, too short for the schedule to have missed a tick.
    soon = datetime.now(UTC) + timedelta(seconds=150)

    (request,) = runs_lacking(instance, settings(site), NOTIFICATIONS, now=soon)

    assert (request.job_name, request.partition_key) == (AGING, None)
    assert request.run_config == {"as_of": "2026-03-01T12:34:00+00:00"}
