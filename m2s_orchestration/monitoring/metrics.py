"""The ledger's and Dagster's figures as Prometheus reads them; looked up at every scrape."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

import dagster as dg
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from m2s_orchestration.errors import OrchestrationError
from m2s_orchestration.framework import tags
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import tick_after
from m2s_orchestration.monitoring.missed_occurrences import switched_on
from m2s_orchestration.postgres import Connection, Database, statements, translated

SQL = statements(__package__, "metrics.sql")

SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
# What an exporter that was away looks back to.
BEFORE_START = timedelta(days=1)
MOST_RUNS = 500
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
MIB = 1024 * 1024


class LedgerFigures(Collector):
    """What the club's database tells; if it is away, that is what is told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """Every family; called by the registry at each scrape."""
        is_up = GaugeMetricFamily("m2s_ledger_up", "Whether the ledger can be read.")
        found: list[Metric] = []
        try:
            with self._database.connect("metrics") as connection, translated():
                found = list(_ledger(connection))
        except OrchestrationError:
            is_up.add_metric([], 0)
        else:
            is_up.add_metric([], 1)
        yield from (is_up, *found)


def _ledger(connection: Connection) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        "m2s_deliveries", "Deliveries by state.", labels=["notification", "state"]
    )
    for name, state, count in SQL["deliveries"].run(connection):
        states.add_metric([name, state], count)
    events = CounterMetricFamily(
        "m2s_lease_events",
        "What happened to leases: acquired, contended, taken_over, lost, released and so on.",
        labels=["notification", "event"],
    )
    for name, event, count in SQL["lease_events"].run(connection):
        events.add_metric([name, event], count)
    successes = GaugeMetricFamily(
        "m2s_last_success_timestamp_seconds",
        "When a notification last had nothing left to send.",
        labels=["notification"],
    )
    for name, moment in SQL["successes"].run(connection):
        successes.add_metric([name], moment)
    troubles = CounterMetricFamily(
        "m2s_troubles", "What the operators were to be told of.", labels=["kind"]
    )
    for kind, count in SQL["troubles"].run(connection):
        troubles.add_metric([kind], count)
    yield from (states, events, successes, troubles, _holds(connection))


def _holds(connection: Connection) -> Metric:
    held = HistogramMetricFamily(
        "m2s_lease_held_seconds", "How long leases were held.", labels=["notification"]
    )
    rows = SQL["holds"].run(connection, bounds=list(SECONDS))
    for name, group in groupby(rows, key=lambda row: row[0]):
        bounds = list(group)
        buckets = [(str(bound), float(count)) for _, bound, count, _, _ in bounds]
        _, _, _, number, total = bounds[0]
        held.add_metric([name], [*buckets, ("+Inf", float(number))], total or 0.0)
    return held


class RunFigures(Collector):
    """What Dagster's own storage tells of runs and schedules."""

    def __init__(self, instance: dg.DagsterInstance, notifications: Sequence[Notification]) -> None:
        self._instance = instance
        self._notifications = notifications
        self._since = datetime.now(UTC) - BEFORE_START
        self._seen: set[str] = set()
        self._own = CollectorRegistry()
        self._runs = Counter(
            "m2s_runs", "Runs that ended.", ["job", "status", "outcome"], registry=self._own
        )
        self._seconds = Histogram(
            "m2s_run_seconds", "How long runs took.", ["job"], buckets=SECONDS, registry=self._own
        )

    def collect(self) -> Iterator[Metric]:
        """Every family; called by the registry at each scrape."""
        self._count_new()
        yield from self._own.collect()
        yield from self._schedules()
        yield self._memory()

    def _count_new(self) -> None:
        now = datetime.now(UTC)
        ended = dg.RunsFilter(statuses=ENDED, updated_after=self._since)
        for record in self._instance.get_run_records(ended, limit=MOST_RUNS):
            run = record.dagster_run
            if run.run_id in self._seen or tags.NOTIFICATION not in run.tags:
                continue
            self._seen.add(run.run_id)
            outcome = run.tags.get(tags.OUTCOME, "none")
            self._runs.labels(run.job_name, run.status.value.lower(), outcome).inc()
            if record.start_time and record.end_time:
                self._seconds.labels(run.job_name).observe(record.end_time - record.start_time)
        # A little again: what was being written meanwhile is seen next time, and counted once.
        self._since = max(self._since, now - timedelta(hours=1))

    def _schedules(self) -> Iterator[Metric]:
        is_on = GaugeMetricFamily(
            "m2s_schedule_on", "Whether the schedule is switched on.", labels=["notification"]
        )
        due = GaugeMetricFamily(
            "m2s_next_due_timestamp_seconds",
            "When the next occurrence of a schedule that is on is due.",
            labels=["notification"],
        )
        running = switched_on(self._instance)
        for item in self._notifications:
            is_on.add_metric([item.name], item.schedule_name in running)
            if item.schedule_name in running:
                due.add_metric([item.name], tick_after(item.cron, datetime.now(UTC)).timestamp())
        yield from (is_on, due)

    def _memory(self) -> Metric:
        peak = GaugeMetricFamily(
            "m2s_run_peak_memory_bytes", "The most that the latest run had.", labels=["job"]
        )
        for item in self._notifications:
            event = self._instance.get_latest_materialization_event(dg.AssetKey(item.name))
            told = event.asset_materialization if event else None
            if told and "peak_memory_mib" in told.metadata:
                mib = float(str(told.metadata["peak_memory_mib"].value))
                peak.add_metric([item.name], mib * MIB)
        return peak


def registry_of(
    database: Database, instance: dg.DagsterInstance, notifications: Sequence[Notification]
) -> CollectorRegistry:
    """All of it; nothing is looked up before the first scrape."""
    registry = CollectorRegistry()
    for collector in (LedgerFigures(database), RunFigures(instance, notifications)):
        # Without describe(), registering would scrape.
        registry.register(collector)
    return registry
