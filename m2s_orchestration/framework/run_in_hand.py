"""The resource that every op of a job shares: its run, which begins when a step asks for it."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg

from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.settings import Settings

OUTCOME_TAG = "m2s/outcome"
OCCURRENCE_TAG = "m2s/occurrence"
PARTITION_TAG = "dagster/partition"
# As workspace.yaml names the code location; Dagster calls its one repository so.
REPOSITORY = "__repository__@m2s_orchestration"
# Whoever started a run with one of these is not at hand to start it again.
UNATTENDED_TAGS = (
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/retry_number",
    "dagster/backfill",
)


class RunInHand:
    """The run of a notification inside a Dagster run; nothing happens before a step asks for it."""

    def __init__(self, notification: Notification, values: Mapping[str, object]) -> None:
        self.notification = notification
        self._values = values
        self._run: NotificationRun | None = None
        self.started_at = time.monotonic()

    def begun(self, context: dg.OpExecutionContext) -> NotificationRun:
        """The run, with its lease. Raises LeaseHeld, and every fault of settings and parameters."""
        if self._run is None:
            tags = context.run.tags
            request = Request.parse(
                self.notification,
                self._values,
                partition=tags.get(PARTITION_TAG),
                waits=any(tag in tags for tag in UNATTENDED_TAGS),
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
        told = {OCCURRENCE_TAG: occurrence.key}
        is_tick = occurrence == self.notification.latest_occurrence(occurrence.moment)
        if is_tick and not run.rehearsal:
            told |= _known_to_the_ui(self.notification, occurrence)
        context.instance.add_run_tags(context.run_id, told)
        if run.rehearsal:
            context.log.warning(
                f"This is a rehearsal, {run.rehearsal}. Nothing is recorded or sent."
            )


def _known_to_the_ui(notification: Notification, occurrence: Occurrence) -> dict[str, str]:
    """By these tags the job's page and its partition bar know of a run that a command started."""
    return {
        PARTITION_TAG: occurrence.key,
        "dagster/partition_set": f"{notification.name}_partition_set",
        ".dagster/repository": REPOSITORY,
    }


def run_resource(notification: Notification) -> dg.ResourceDefinition:
    """The resource `run_in_hand`; Dagster makes it once more after a run, when nothing asks."""

    @dg.resource(config_schema={"values": dict}, description="The run and its lease.")
    def run_in_hand(context: dg.InitResourceContext) -> Iterator[RunInHand]:
        in_hand = RunInHand(notification, context.resource_config["values"])
        try:
            yield in_hand
        finally:
            in_hand.close()

    return run_in_hand
