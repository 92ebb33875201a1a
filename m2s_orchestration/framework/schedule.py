"""From a declaration to its partitions and its schedule: one partition an occurrence."""

from typing import Any

import dagster as dg

from m2s_orchestration.framework import tags
from m2s_orchestration.framework.club_clock import ClubClock
from m2s_orchestration.framework.documentation import links_of, owners
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import KEY_FORMAT

FIRST_PARTITION = "2026-01-01-00:00"


def partitions(notification: Notification) -> dg.TimeWindowPartitionsDefinition:
    """The ticks of the notification, in UTC as in the CronJobs' manifests."""
    return dg.TimeWindowPartitionsDefinition(
        start=FIRST_PARTITION,
        cron_schedule=notification.cron,
        fmt=KEY_FORMAT,
        timezone="UTC",
        # The tick at T has the key T; without it Dagster gives it the window that T closes.
        end_offset=1,
    )


class ClubSchedule(dg.ScheduleDefinition):
    """A schedule that says when it ticks by the club's clock.

    The club's clock is in the club's database, which is read when the UI asks for the description,
    and neither when this is imported nor in a run.
    """

    def __init__(self, *, clock: ClubClock, **defined: Any) -> None:
        super().__init__(**defined)
        self._clock = clock

    @property
    def description(self) -> str | None:
        """What it is about, and when it comes."""
        return f"{super().description} {self._clock.describe(str(self.cron_schedule))}"


def build_schedule(
    notification: Notification, job: dg.JobDefinition, clock: ClubClock
) -> dg.ScheduleDefinition:
    """The schedule of a notification, off until a person switches it on."""

    def launch(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        key = context.scheduled_execution_time.strftime(KEY_FORMAT)
        return dg.RunRequest(run_key=key, partition_key=key, tags={tags.OCCURRENCE: key})

    return ClubSchedule(
        clock=clock,
        name=notification.schedule_name,
        job=job,
        cron_schedule=notification.cron,
        execution_timezone="UTC",
        execution_fn=launch,
        description=f"{notification.title}.",
        owners=owners(notification.office),
        metadata=links_of(notification),
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
