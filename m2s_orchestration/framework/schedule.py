"""From a declaration to its partitions and its schedule: one partition an occurrence."""

import dagster as dg

from m2s_orchestration.framework import tags
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


def build_schedule(notification: Notification, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """The schedule of a notification, off until a person switches it on."""

    @dg.schedule(
        name=notification.schedule_name,
        job=job,
        cron_schedule=notification.cron,
        execution_timezone="UTC",
        description=f"{notification.title}. At {notification.cron} (cron, UTC).",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def launch(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        key = context.scheduled_execution_time.strftime(KEY_FORMAT)
        return dg.RunRequest(run_key=key, partition_key=key, tags={tags.OCCURRENCE: key})

    return launch
