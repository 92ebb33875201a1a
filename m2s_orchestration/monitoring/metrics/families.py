"""Every metric that `m2s metrics` tells: its name, its labels, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

# From a second to the longest deadline of a job.
BOUNDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0)

DELIVERY_STATES = ("planned", "retry", "sending", "sent", "failed", "unknown", "skipped", "expired")
OCCURRENCE_STATES = ("decided", "done", "expired", "imported")
LEASE_EVENTS = (
    *("acquired", "taken_over", "contended", "forced", "lost", "released", "cleared"),
    *("moved", "moved_back"),
)
TROUBLES = ("failed", "late", "missed", "unknown", "command")
STATUSES = ("success", "failure", "canceled")
# `none` is what a run leaves that was killed.
OUTCOMES = (
    *("sent", "nothing_to_send", "already_done", "done", "rehearsal", "busy"),
    *("incomplete", "refused", "none"),
)
DAEMONS = ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR", "MONITORING", "BACKFILL")


KINDS: Mapping[str, Callable[..., Metric]] = {
    "gauge": GaugeMetricFamily,
    "counter": CounterMetricFamily,
    "histogram": HistogramMetricFamily,
}


@dataclass(frozen=True)
class Distribution:
    """How many seconds things took: how many up to each of `BOUNDS`, how many at all, their sum."""

    up_to: tuple[int, ...]
    count: int
    total: float

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, Decimal]]) -> Distribution:
        """From rows of (how many of the bounds are not exceeded, how many did so, their sum)."""
        found = list(rows)
        up_to = tuple(
            sum(count for fitting, count, _ in found if fitting >= len(BOUNDS) - place)
            for place in range(len(BOUNDS))
        )
        count = sum(count for _, count, _ in found)
        return cls(up_to, count, float(sum(total for _, _, total in found)))


@dataclass(frozen=True)
class Family:
    """A metric. A counter's name ends with `_total`, what is measured with its unit."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    meaning: str

    def empty(self) -> Metric:
        """As the library knows it, without a sample."""
        return KINDS[self.kind](self.name, self.meaning, labels=self.labels)


class Sample(NamedTuple):
    """A value of a family."""

    family: Family
    labels: tuple[str, ...]
    value: float | Distribution


def written(samples: Iterable[Sample]) -> Iterator[Metric]:
    """Every family with its samples, in the order of the list below."""
    families = {family: family.empty() for family in FAMILIES}
    for family, labels, value in samples:
        metric = families[family]
        if isinstance(metric, HistogramMetricFamily) and isinstance(value, Distribution):
            bounds = [*map(str, BOUNDS), "+Inf"]
            counts = [float(count) for count in (*value.up_to, value.count)]
            metric.add_metric(labels, list(zip(bounds, counts, strict=True)), value.total)
        elif isinstance(metric, GaugeMetricFamily | CounterMetricFamily):
            assert not isinstance(value, Distribution)
            metric.add_metric(labels, value)
    yield from families.values()


def counted(
    family: Family,
    rows: Iterable[tuple[str, str, int]],
    names: Sequence[str],
    words: Sequence[str],
) -> Iterator[Sample]:
    """Counts by name and word; 0 where nothing has happened yet, so that a rise is seen."""
    found: dict[tuple[str, str], int] = {(name, word): 0 for name in names for word in words}
    for name, word, count in rows:
        found[name, word] = found.get((name, word), 0) + count
    for labels, count in found.items():
        yield Sample(family, labels, count)


def by_name(
    family: Family, found: Mapping[str, float], names: Sequence[str] = ()
) -> Iterator[Sample]:
    """A value for each name; 0 where there is none yet."""
    for name in dict.fromkeys((*names, *found)):
        yield Sample(family, (name,), found.get(name, 0.0))


def distributed(
    family: Family, rows: Iterable[tuple[str, int, int, Decimal]], names: Sequence[str]
) -> Iterator[Sample]:
    """A distribution for each name, from rows of (name, bounds not exceeded, count, sum)."""
    found: dict[str, list[tuple[int, int, Decimal]]] = {name: [] for name in names}
    for name, fitting, count, total in rows:
        found.setdefault(name, []).append((fitting, count, total))
    for name, its in found.items():
        yield Sample(family, (name,), Distribution.of(its))


UP = Family(
    "m2s_up",
    "gauge",
    ("database",),
    "Whether the figures of this database (club, dagster) could be read.",
)
DELIVERIES = Family(
    "m2s_deliveries",
    "gauge",
    ("notification", "state"),
    "Deliveries by state, as the ledger has them now.",
)
ATTEMPTS = Family(
    "m2s_attempts_total",
    "counter",
    ("notification", "state"),
    "What runs tried with deliveries, by what came of it.",
)
OCCURRENCES = Family(
    "m2s_occurrences",
    "gauge",
    ("notification", "state"),
    "Occurrences by state, as the ledger has them now.",
)
LAST_SUCCESS = Family(
    "m2s_last_success_timestamp_seconds",
    "gauge",
    ("notification",),
    "When the newest occurrence that is done had nothing left to send; 0 if none is.",
)
LATE = Family(
    "m2s_occurrence_late_seconds",
    "gauge",
    ("notification",),
    "How long ago the newest occurrence was due that is neither done nor expired; 0 if all is well,"
    " or the schedule is off.",
)
NEXT_DUE = Family(
    "m2s_next_due_timestamp_seconds",
    "gauge",
    ("notification",),
    "When the schedule ticks next; it starts a run only if it is on.",
)
SCHEDULE_ON = Family(
    "m2s_schedule_on", "gauge", ("notification",), "Whether the schedule is switched on."
)
LEASE_EVENT = Family(
    "m2s_lease_events_total",
    "counter",
    ("notification", "event"),
    "What happened to leases: acquired, contended, taken_over, lost, released and so on.",
)
LEASE_HELD = Family(
    "m2s_lease_held_seconds",
    "histogram",
    ("notification",),
    "How long leases were held, of those that were given back.",
)
LEASE_LIVE = Family(
    "m2s_lease_live", "gauge", ("notification",), "Whether somebody holds the lease now."
)
LEASE_STALE = Family(
    "m2s_lease_stale_seconds",
    "gauge",
    ("notification",),
    "How long the term of a lease is past that nobody gave back or took over; 0 if there is none.",
)
TROUBLE = Family(
    "m2s_troubles_total",
    "counter",
    ("notification", "kind"),
    "What OPERATORS_EMAIL was to be told of.",
)
RUNS = Family(
    "m2s_runs_total",
    "counter",
    ("notification", "status"),
    "Runs that ended, by how Dagster has them.",
)
RUN_OUTCOMES = Family(
    "m2s_run_outcomes_total",
    "counter",
    ("notification", "outcome"),
    "Runs that ended, by what they came to; none if they did not live to tell.",
)
RUNS_UNDER_WAY = Family(
    "m2s_runs_under_way", "gauge", ("notification",), "Runs that wait in the queue, start or work."
)
RUN_DURATION = Family(
    "m2s_run_duration_seconds",
    "histogram",
    ("notification",),
    "How long runs took, from their first step to their end.",
)
RUN_PEAK_MEMORY = Family(
    "m2s_run_peak_memory_bytes",
    "gauge",
    ("notification",),
    "The peak memory of the latest run that came to sending; 0 before there is one.",
)
RUN_MEMORY_LIMIT = Family(
    "m2s_run_memory_limit_bytes",
    "gauge",
    ("notification",),
    "The most memory that a run's pod may have, as declared.",
)
RUN_DEADLINE = Family(
    "m2s_run_deadline_seconds", "gauge", ("notification",), "How long a run may take, as declared."
)
DAEMON_HEARTBEAT = Family(
    "m2s_daemon_heartbeat_timestamp_seconds",
    "gauge",
    ("daemon",),
    "When a part of Dagster's daemon last gave a sign of life; 0 if it never did.",
)

FAMILIES = (
    *(UP, DELIVERIES, ATTEMPTS, OCCURRENCES, LAST_SUCCESS, LATE, NEXT_DUE, SCHEDULE_ON),
    *(LEASE_EVENT, LEASE_HELD, LEASE_LIVE, LEASE_STALE, TROUBLE),
    *(RUNS, RUN_OUTCOMES, RUNS_UNDER_WAY, RUN_DURATION),
    *(RUN_PEAK_MEMORY, RUN_MEMORY_LIMIT, RUN_DEADLINE, DAEMON_HEARTBEAT),
)
