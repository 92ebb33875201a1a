"""Everything that Dagster is told about one notification."""

from dataclasses import dataclass

import dagster as dg

from m2s_orchestration.framework.club_clock import ClubClock
from m2s_orchestration.framework.documentation import links_of, owners
from m2s_orchestration.framework.job import build_job
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.schedule import build_schedule, partitions


@dataclass(frozen=True)
class Defined:
    """The job, its schedule, and the asset under which its figures are plotted."""

    job: dg.JobDefinition
    schedule: dg.ScheduleDefinition
    asset: dg.AssetSpec


def define(notification: Notification, clock: ClubClock | None = None) -> Defined:
    """From a declaration to Dagster's definitions; the club's schedules share its clock."""
    job = build_job(notification)
    return Defined(
        job=job,
        schedule=build_schedule(notification, job, clock or ClubClock()),
        asset=dg.AssetSpec(
            key=notification.name,
            description=notification.page,
            partitions_def=partitions(notification),
            kinds={"email"},
            owners=owners(notification.office),
            metadata=links_of(notification),
            group_name="notifications",
        ),
    )
