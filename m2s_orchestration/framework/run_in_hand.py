"""The resource that every op of a job shares: its run, which begins when a step asks for it."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg

from m2s_orchestration.errors import DatabaseFault
from m2s_orchestration.framework import tags
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.settings import Settings

# As workspace.yaml names the code location; Dagster calls its one repository so.
OUR_REPOSITORY = "__repository__@m2s_orchestration"


class RunInHand:
    """The run of a notification inside a Dagster run; nothing happens before a step asks for it."""

    def __init__(self, notification: Notification, values: Mapping[str, object]) -> None:
        self.notification = notification
        self._values = values
        self._run: NotificationRun | None = None
        self._started_at = time.monotonic()
        # When each step began and ended; the one under way has no end yet.
        self._steps: dict[str, list[float]] = {}

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self._started_at

    @property
    def step_seconds(self) -> dict[str, float]:
        """How long each step took, the present one so far."""
        now = time.monotonic()
        return {step: [*times, now][1] - times[0] for step, times in self._steps.items()}

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long a step takes."""
        times = self._steps[step] = [time.monotonic()]
        try:
            yield
        finally:
            times.append(time.monotonic())

    def begun(self, context: dg.OpExecutionContext) -> NotificationRun:
        """The run, with its lease. Raises LeaseHeld, and every fault of settings and parameters."""
        if self._run is None:
            told = context.run.tags
            request = Request.parse(
                self.notification,
                self._values,
                partition=told.get(tags.PARTITION),
                waits=any(tag in told for tag in tags.UNATTENDED),
                now=datetime.now(UTC),
            )
            settings = Settings.from_environment()
            self._run = NotificationRun(self.notification, request, settings, run_id=context.run_id)
            self._tell_occurrence(context, self._run)
        self._run.begin()
        return self._run

    def close(self) -> None:
        """Give the lease back, if there is one."""
        if self._run:
            self._run.close()

    def _tell_occurrence(self, context: dg.OpExecutionContext, run: NotificationRun) -> None:
        occurrence = run.request.occurrence
        # First of all, and without the database: the sensor counts the runs of an occurrence.
        context.instance.add_run_tags(context.run_id, {tags.OCCURRENCE: occurrence.key})
        if is_partition(context, occurrence) and not run.rehearsal:
            known = _known_to_the_ui(self.notification, occurrence)
            context.instance.add_run_tags(context.run_id, known)
        if run.rehearsal:
            context.log.warning(
                f"This is a rehearsal, {run.rehearsal}. Nothing is recorded or sent."
            )


def is_partition(context: dg.OpExecutionContext, occurrence: Occurrence) -> bool:
    """Whether the UI has a partition for it; a moment that a person chose is none."""
    return occurrence.tick == occurrence.moment and context.job_def.partitions_def is not None


def _known_to_the_ui(notification: Notification, occurrence: Occurrence) -> dict[str, str]:
    """By these tags the job's page and its partition bar know of a run that a command started."""
    return {
        tags.PARTITION: occurrence.key,
        tags.PARTITION_SET: f"{notification.name}_partition_set",
        tags.REPOSITORY: OUR_REPOSITORY,
    }


def run_resource(notification: Notification) -> dg.ResourceDefinition:
    """The resource `run_in_hand`; Dagster makes it once more after a run, when nothing asks."""

    @dg.resource(config_schema={"values": dict}, description="The run and its lease.")
    def run_in_hand(context: dg.InitResourceContext) -> Iterator[RunInHand]:
        in_hand = RunInHand(notification, context.resource_config["values"])
        try:
            yield in_hand
        finally:
            try:
                in_hand.close()
            except DatabaseFault as fault:
                # The run's own end is what counts; the lease ends by itself within its term.
                message = f"The lease could not be given back: {fault}"
                (context.log or logging.getLogger(__name__)).warning(message)

    return run_in_hand
