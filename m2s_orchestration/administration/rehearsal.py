"""A rehearsal of all that the club sends on a day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg
from pydantic import Field

from m2s_orchestration.administration.job import build_job
from m2s_orchestration.club.reading import read_club
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence, ticks_between
from m2s_orchestration.framework.parameters import IsoDate, Parameters
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.framework.story import Metadata, of_rendering, table
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

PAGE = """Rehearse all notifications of a day.

Shows what would go out on that day, by the club's calendar: each occurrence with its figures, and
every mail as it would be read. It records and sends nothing. The club is as its database has it
now, also for a day that is past.
"""


class Day(Parameters):
    """Which day."""

    day: IsoDate = Field(
        default="",
        description="A date by the club's calendar, as YYYY-MM-DD. Empty: today.",
    )


def _rehearse(context: dg.OpExecutionContext, asked: Day) -> Metadata:
    settings = Settings.from_environment()
    with Database(settings.database).connect("rehearsal") as connection:
        zone = read_club(connection, settings).zone
    day = date.fromisoformat(asked.day) if asked.day else datetime.now(zone).date()
    begin = datetime.combine(day, time(), tzinfo=zone)
    rows = []
    shown: Metadata = {}
    for notification, occurrence in _agenda(begin.astimezone(UTC)):
        run = _run(notification, occurrence, settings)
        report = run.rehearse()
        local = occurrence.moment.astimezone(zone)
        figures = (report.planned, report.skipped, report.notices, report.changes)
        rows.append((f"{local:%H:%M}", notification.name, occurrence.key, *map(str, figures)))
        shown[notification.name] = of_rendering(run.rendering)["mails"]
        context.log.info(f"{notification.name} {occurrence.key}: {report.planned} mails")
    head = ("club time", "notification", "occurrence (UTC)", "mails", "skipped", "notices")
    return {f"rehearsal of {day}": table((*head, "changes"), rows), **shown}


def _agenda(begin: datetime) -> Iterator[tuple[Notification, Occurrence]]:
    """Every occurrence of the day that begins then, in order."""
    before = begin - timedelta(seconds=1)
    found = [
        (tick, notification)
        for notification in NOTIFICATIONS
        for tick in ticks_between(notification.cron, before, before + timedelta(days=1))
    ]
    for tick, notification in sorted(found, key=lambda entry: entry[0]):
        yield notification, notification.occurrence_at(tick)


def _run(notification: Notification, occurrence: Occurrence, settings: Settings) -> NotificationRun:
    request = Request.parse(
        notification,
        {"as_of": occurrence.moment.isoformat(), "dry_run": True},
        partition=None,
        waits=False,
        now=datetime.now(UTC),
    )
    return NotificationRun(notification, request, settings, run_id="rehearsal")


JOBS = (build_job("rehearse_day", PAGE, Day, _rehearse),)
