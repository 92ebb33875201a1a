"""Finds the occurrences that no run decided or finished, and starts the runs that they lack.

Dagster's scheduler launches only the newest tick that it missed, and a run that ends busy has done
nothing; so this sensor holds the schedules that are switched on against the ledger.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from m2s_orchestration.delivery.administration import drop_old_contents
from m2s_orchestration.delivery.cutover import Cutover, cutovers, ours
from m2s_orchestration.delivery.ledger import SQL, TESTIMONY
from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.framework import tags
from m2s_orchestration.framework.documentation import links, owners
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.framework.run import resends_within
from m2s_orchestration.postgres import Connection, Database, translated
from m2s_orchestration.settings import Settings

# The schedule itself gets this long to start the run of its tick.
GRACE = timedelta(minutes=3)
# What was missed longer ago is not even noted.
LOOK_BACK = timedelta(days=40)
LONGEST_PAUSE = timedelta(hours=1)
# More runs than this make the pause no longer.
MOST_TRIES = 10
UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Missed:
    """The ticks of one notification that nobody served: still useful, or too late."""

    in_time: tuple[datetime, ...]
    too_late: tuple[datetime, ...]


def missed(
    notification: Notification, *, known: set[datetime], since: datetime, now: datetime
) -> Missed:
    """Of the ticks since a moment those that nothing is recorded of."""
    ticks = [
        tick for tick in ticks_between(notification.cron, since, now - GRACE) if tick not in known
    ]
    in_time = tuple(tick for tick in ticks if tick + notification.in_time > now)
    return Missed(in_time=in_time, too_late=tuple(tick for tick in ticks if tick not in in_time))


def build_sensor(
    notifications: Sequence[Notification], jobs: Sequence[dg.JobDefinition]
) -> dg.SensorDefinition:
    """The sensor over all notifications."""

    @dg.sensor(
        name="missed_occurrences",
        jobs=list(jobs),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts the runs of occurrences that were missed or not finished, of the"
        " schedules that are switched on, and notes those that are too late as expired.",
        owners=owners("webmasters"),
        metadata=links(documentation="operations.md#an-occurrence-was-missed"),
    )
    def missed_occurrences(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not switched_on(context.instance):
            return dg.SkipReason("No notification's schedule is switched on.")
        settings = Settings.from_environment()
        requests = runs_lacking(context.instance, settings, notifications, now=datetime.now(UTC))
        drop_old_contents(Database(settings.database))
        if not requests:
            return dg.SkipReason("Nothing was missed, and nothing is left to send.")
        return dg.SensorResult(run_requests=requests)

    return missed_occurrences


def runs_lacking(
    instance: dg.DagsterInstance,
    settings: Settings,
    notifications: Sequence[Notification],
    *,
    now: datetime,
) -> list[dg.RunRequest]:
    """The runs to start now; notes what is too late as expired."""
    requests: list[dg.RunRequest] = []
    database = Database(settings.database)
    with database.connect("missed occurrences") as connection, translated():
        require_migrated(connection)
        begun = responsible_since(instance, connection, notifications, now=now)
        for notification, since in begun:
            found = _note_missed(connection, notification, since=since, now=now)
            within = resends_within(notification, settings) or timedelta(0)
            ticks = [*found.in_time, *_unfinished(connection, notification, within=within)]
            requests.extend(_requests(instance, notification, ticks, now))
    return requests


def switched_on(instance: dg.DagsterInstance) -> dict[str, datetime]:
    """The schedules that are on, and since when."""
    found = {}
    for state in instance.all_instigator_state():
        since = getattr(state.instigator_data, "start_timestamp", None)
        if state.is_running and since is not None:
            found[state.instigator_name] = datetime.fromtimestamp(since, UTC)
    return found


def responsible_since(
    instance: dg.DagsterInstance,
    connection: Connection,
    notifications: Iterable[Notification],
    *,
    now: datetime,
) -> list[tuple[Notification, datetime]]:
    """The notifications whose schedules are on, each with since when its ticks are ours."""
    return responsible(notifications, switched_on(instance), cutovers(connection), now=now)


def responsible(
    notifications: Iterable[Notification],
    since: Mapping[str, datetime],
    moved: Mapping[str, Cutover],
    *,
    now: datetime,
) -> list[tuple[Notification, datetime]]:
    """The same, by since when schedules are on and by cutovers.

    What was missed before `LOOK_BACK` is left out.
    """
    return [
        (item, max(_since(moved.get(item.name), since[item.schedule_name]), now - LOOK_BACK))
        for item in notifications
        if item.schedule_name in since
    ]


def _since(cutover: Cutover | None, began: datetime) -> datetime:
    """From when on the ticks are ours to serve: since it moved over, if that was before the switch.

    Nobody else has served what came in between: the old command was kept out.
    """
    if cutover is None or not cutover.is_ours:
        return began
    return min(began, cutover.effective_from - timedelta(microseconds=1))


def unserved(
    connection: Connection, notification: Notification, *, since: datetime, now: datetime
) -> Missed:
    """The ticks since a moment that are ours to serve and that nothing is recorded of."""
    known = SQL["known_ticks"].run(connection, notification=notification.name, since=since)
    found = missed(notification, known={tick for (tick,) in known}, since=since, now=now)
    # What the web application serves, before the notification moved over or after it went back.
    is_ours = ours(connection, notification.name, (*found.in_time, *found.too_late))
    return Missed(
        in_time=tuple(tick for tick in found.in_time if tick in is_ours),
        too_late=tuple(tick for tick in found.too_late if tick in is_ours),
    )


def _note_missed(
    connection: Connection, notification: Notification, *, since: datetime, now: datetime
) -> Missed:
    found = unserved(connection, notification, since=since, now=now)
    for tick in found.too_late:
        SQL["note_expired"].run(
            connection,
            notification=notification.name,
            tick=tick,
            due_until=tick + notification.in_time,
        )
    return found


def _unfinished(
    connection: Connection, notification: Notification, *, within: timedelta
) -> list[datetime]:
    rows = SQL["unfinished_ticks"].run(
        connection, notification=notification.name, within=within, after=TESTIMONY
    )
    return [tick for (tick,) in rows]


def _requests(
    instance: dg.DagsterInstance,
    notification: Notification,
    ticks: Sequence[datetime],
    now: datetime,
) -> Iterator[dg.RunRequest]:
    under_way = dg.RunsFilter(job_name=notification.name, statuses=UNDER_WAY)
    if instance.get_runs_count(under_way):
        return
    for tick in ticks:
        occurrence = notification.occurrence_at(tick)
        key = occurrence.key
        tried = dg.RunsFilter(job_name=notification.name, tags={tags.OCCURRENCE: key})
        records = [
            record
            for record in instance.get_run_records(tried, limit=MOST_TRIES)
            if record.dagster_run.tags.get(tags.OUTCOME) != "rehearsal"
        ]
        if records and now < records[0].create_timestamp + pause_after(len(records)):
            continue
        # A moment that a person chose is no partition, and Dagster would refuse the whole tick.
        is_partition = occurrence.tick == tick
        yield dg.RunRequest(
            job_name=notification.name,
            partition_key=key if is_partition else None,
            run_config={} if is_partition else {"as_of": tick.isoformat()},
            run_key=f"{notification.name}:{key}:{len(records)}:{now:%H%M}",
            tags={tags.OCCURRENCE: key},
        )


def pause_after(runs: int) -> timedelta:
    """How long to leave an occurrence alone that this many runs did not finish."""
    return min(timedelta(minutes=2**runs), LONGEST_PAUSE)
