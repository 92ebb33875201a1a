"""Lives one day of the demo club: every notification at its tick, through Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from m2s_orchestration.demo.days import DEMO_DAY
from m2s_orchestration.demo.mailbox import Mailbox, ReceivedMail
from m2s_orchestration.framework.execution import Result, execute
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import tick_before, ticks_between
from m2s_orchestration.notifications import NOTIFICATIONS

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Lived:
    """What the day came to: each run's figures, and the mails that arrived meanwhile."""

    results: tuple[Result, ...]
    mails: tuple[ReceivedMail, ...]


def live_the_day(mailbox: Mailbox) -> Lived:
    """Run every notification once, in the order of its ticks."""
    already_there = len(mailbox.messages())
    results = tuple(
        execute(notification, {"as_of": tick.isoformat(), "send_late": True})
        for tick, notification in agenda(NOTIFICATIONS)
    )
    return Lived(results=results, mails=tuple(mailbox.messages()[already_there:]))


def agenda(notifications: Sequence[Notification]) -> list[tuple[datetime, Notification]]:
    """Each notification's first tick from the demo day on, or its latest before; oldest first.

    One that has none for a week, such as a yearly one, is lived as it came last.
    """
    dawn = datetime.combine(DEMO_DAY, time(), tzinfo=UTC) - timedelta(seconds=1)
    found = [(_tick(item.cron, dawn), item) for item in notifications]
    return sorted(found, key=lambda entry: entry[0])


def _tick(cron: str, dawn: datetime) -> datetime:
    coming = ticks_between(cron, dawn, dawn + WEEK)
    return coming[0] if coming else tick_before(cron, dawn)
