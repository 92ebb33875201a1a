"""Whose figures are told: everything that is declared, so that labels are known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.delivery.cutover import Cutover
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import tick_after, tick_before
from m2s_orchestration.monitoring.metrics import families
from m2s_orchestration.monitoring.metrics.families import Sample, by_name
from m2s_orchestration.monitoring.missed_occurrences import responsible

UNITS = {"Mi": 1024**2, "Gi": 1024**3}


@dataclass(frozen=True)
class Watched:
    """Notifications, the alert that has no schedule, and the web application's commands."""

    notifications: Sequence[Notification]
    alert: Notification
    commands: Sequence[ApplicationCommand]

    @cached_property
    def mailers(self) -> tuple[str, ...]:
        """What has deliveries."""
        return (*(item.name for item in self.notifications), self.alert.name)

    @cached_property
    def jobs(self) -> tuple[str, ...]:
        """What has runs."""
        return (*self.mailers, *(item.name for item in self.commands))

    @cached_property
    def leases(self) -> tuple[str, ...]:
        """What has a lease: a command its own, and our run of it another."""
        return (*self.jobs, *(item.lease_name for item in self.commands))

    def declared(self) -> Iterator[Sample]:
        """What needs no database to be told."""
        limits = {item.name: in_bytes(item.pod.memory[1]) for item in self._run_by_us}
        yield from by_name(families.RUN_MEMORY_LIMIT, limits)
        deadlines = {item.name: item.deadline.total_seconds() for item in self._run_by_us}
        deadlines |= {item.name: item.deadline.total_seconds() for item in self.commands}
        yield from by_name(families.RUN_DEADLINE, deadlines)

    def schedules(self, on_since: Mapping[str, datetime], now: datetime) -> Iterator[Sample]:
        """Which schedules are on, and when each ticks next."""
        scheduled: list[Notification | ApplicationCommand] = [*self.notifications, *self.commands]
        is_on = {item.name: float(item.schedule_name in on_since) for item in scheduled}
        yield from by_name(families.SCHEDULE_ON, is_on)
        due = {item.name: tick_after(item.cron, now).timestamp() for item in scheduled}
        yield from by_name(families.NEXT_DUE, due)

    def late(
        self,
        on_since: Mapping[str, datetime],
        moved: Mapping[str, Cutover],
        closed: Mapping[str, datetime],
        now: datetime,
    ) -> Iterator[Sample]:
        """For how long each newest occurrence waits that is ours to serve and is not closed."""
        late = dict.fromkeys((item.name for item in self.notifications), 0.0)
        for item, since in responsible(self.notifications, on_since, moved, now=now):
            due = tick_before(item.cron, now)
            is_closed = item.name in closed and closed[item.name] >= due
            if due > since and is_ours(moved.get(item.name), due) and not is_closed:
                late[item.name] = (now - due).total_seconds()
        yield from by_name(families.LATE, late)

    @property
    def _run_by_us(self) -> tuple[Notification, ...]:
        return (*self.notifications, self.alert)


def is_ours(cutover: Cutover | None, tick: datetime) -> bool:
    """Whether an occurrence is ours, by the latest move; the ledger knows all of them."""
    if cutover is None:
        return True
    return tick >= cutover.effective_from and (cutover.back_at is None or tick < cutover.back_at)


def in_bytes(quantity: str) -> float:
    """An amount of memory as Kubernetes writes it."""
    return float(quantity[:-2]) * UNITS[quantity[-2:]]
