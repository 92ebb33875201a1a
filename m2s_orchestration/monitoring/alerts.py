"""Finds what went wrong and has the operators told of it, once.

It looks from outside, at Dagster's runs and at the ledger, and so finds what a run did not live to
tell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import dagster as dg

from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework import tags
from m2s_orchestration.framework.documentation import links, owners
from m2s_orchestration.framework.execution import fault_in
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import parse_key
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.monitoring.alert_operators.rows import Trouble
from m2s_orchestration.monitoring.missed_occurrences import (
    MOST_TRIES,
    UNDER_WAY,
    pause_after,
    responsible_since,
    unserved,
)
from m2s_orchestration.postgres import Connection, Database, statements, translated
from m2s_orchestration.settings import Settings

SQL = statements(__package__, "alerts.sql")

DOCUMENT = "operations.md#what-you-are-told"
# What is older than this is told no more.
TOLD_WITHIN = timedelta(days=2)
LATE_AFTER = timedelta(hours=1)
IN_DOUBT_FOR = timedelta(hours=1)
MOST_RUNS = 200
LONGEST_SAYING = 1000


@dataclass(frozen=True)
class Watched:
    """Whose runs are looked at: notifications, and the names of the application's commands."""

    notifications: Sequence[Notification]
    commands: Sequence[str]


def build_sensor(watched: Watched, job: dg.JobDefinition) -> dg.SensorDefinition:
    """The sensor; `job` is the one that tells."""

    @dg.sensor(
        name="operators_alerts",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has OPERATORS_EMAIL told, once an occurrence, of what failed, is late, was"
        " missed, or has been in doubt for an hour.",
        owners=owners("webmasters"),
        metadata=links(documentation=DOCUMENT),
    )
    def operators_alerts(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = Settings.from_environment()
        if not settings.operators_email:
            return dg.SkipReason("OPERATORS_EMAIL is not set: nobody is told what goes wrong.")
        request = alert_lacking(context.instance, settings, watched, now=datetime.now(UTC))
        return request or dg.SkipReason("The operators know of everything that went wrong.")

    return operators_alerts


def build_asset() -> dg.AssetSpec:
    """Under which the catalog shows what the operators were told."""
    return dg.AssetSpec(
        alert.name,
        description=alert.page,
        kinds={"email"},
        group_name="monitoring",
        owners=owners(alert.office),
        metadata=links(documentation=DOCUMENT),
    )


def alert_lacking(
    instance: dg.DagsterInstance, settings: Settings, watched: Watched, *, now: datetime
) -> dg.RunRequest | None:
    """Note what went wrong; the run that tells of it, if any has to begin now."""
    with Database(settings.database).connect("alerts") as connection, translated():
        require_migrated(connection)
        _note_failed(instance, connection, settings, watched, now)
        _note_late(instance, connection, watched, now)
        SQL["note_missed"].run(connection, since=now - TOLD_WITHIN)
        SQL["note_unknown"].run(connection, older_than=IN_DOUBT_FOR, alerts=alert.name)
        untold = alert.queries["troubles"].fetch(connection, Trouble, as_of=now)
    if not untold or not _may_begin(instance, now):
        return None
    moment = now.replace(microsecond=0).isoformat()
    return dg.RunRequest(run_key=f"{alert.name}:{now:%Y%m%d%H%M}", run_config={"as_of": moment})


def _note_failed(
    instance: dg.DagsterInstance,
    connection: Connection,
    settings: Settings,
    watched: Watched,
    now: datetime,
) -> None:
    known = {
        (name, tick)
        for name, tick, kind in SQL["known_troubles"].run(connection, since=now - 2 * TOLD_WITHIN)
        if kind != "unknown"
    }
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - TOLD_WITHIN)
    # Oldest first, so that the link leads to the run with which it began.
    for record in reversed(instance.get_run_records(failed, limit=MOST_RUNS)):
        run = record.dagster_run
        found = _what_failed(run, record.create_timestamp, watched)
        if found is None or found[:2] in known:
            continue
        name, tick, kind = found
        known.add((name, tick))
        SQL["note_trouble"].run(
            connection,
            notification=name,
            tick=tick,
            kind=kind,
            run_id=run.run_id,
            link=link_to(settings, run.run_id),
            said=said_by(instance, run.run_id),
        )


def _what_failed(
    run: dg.DagsterRun, began: datetime, watched: Watched
) -> tuple[str, datetime, str] | None:
    """The occurrence that a red run is about; None where nobody is to be told."""
    if run.job_name in watched.commands:
        # They tick every few minutes: once a day is often enough.
        return run.job_name, datetime.combine(began.date(), time(), tzinfo=UTC), "command"
    is_ours = any(item.name == run.job_name for item in watched.notifications)
    key = run.tags.get(tags.OCCURRENCE) or run.tags.get(tags.PARTITION)
    if not is_ours or not key or run.run_config.get("dry_run"):
        return None
    by_hand = not any(tag in run.tags for tag in tags.UNATTENDED)
    if by_hand and run.tags.get(tags.OUTCOME) == "refused":
        # Whoever asked for something that cannot be done has been told.
        return None
    try:
        return run.job_name, parse_key(key), "failed"
    except BadParameter:
        return None


def _note_late(
    instance: dg.DagsterInstance, connection: Connection, watched: Watched, now: datetime
) -> None:
    begun = responsible_since(instance, connection, watched.notifications, now=now)
    for notification, since in begun:
        found = unserved(connection, notification, since=since, now=now)
        for tick in found.in_time:
            if tick + LATE_AFTER < now:
                _note(connection, notification.name, tick, "late")


def _note(connection: Connection, name: str, tick: datetime, kind: str) -> None:
    SQL["note_trouble"].run(
        connection, notification=name, tick=tick, kind=kind, run_id=None, link=None, said=""
    )


def _may_begin(instance: dg.DagsterInstance, now: datetime) -> bool:
    """Whether no alert is on its way, and those that failed are long enough ago."""
    if instance.get_runs_count(dg.RunsFilter(job_name=alert.name, statuses=UNDER_WAY)):
        return False
    records = instance.get_run_records(dg.RunsFilter(job_name=alert.name), limit=MOST_TRIES)
    failed = list(_failed_in_a_row(records))
    return not failed or now >= failed[0].create_timestamp + pause_after(len(failed))


def _failed_in_a_row(records: Sequence[dg.RunRecord]) -> Iterator[dg.RunRecord]:
    for record in records:
        if record.dagster_run.status is not dg.DagsterRunStatus.FAILURE:
            return
        yield record


def link_to(settings: Settings, run_id: str) -> str | None:
    """Where a run's page is, if anybody said where Dagster's UI is."""
    return f"{settings.dagster_url.rstrip('/')}/runs/{run_id}" if settings.dagster_url else None


def said_by(instance: dg.DagsterInstance, run_id: str) -> str:
    """What a red run said at its end, without its traceback."""
    entries = instance.all_logs(
        run_id, of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    )
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    told = fault_in(events) or (events[-1].message or "" if events else "")
    return told.strip()[:LONGEST_SAYING]
