"""Lives one day of the demo club: every notification at its tick, through Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from m2s_orchestration.demo.days import DEMO_DAY
from m2s_orchestration.demo.mailbox import Mailbox, ReceivedMail
from m2s_orchestration.framework.execution import Result, execute
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import ticks_between
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
    """Each notification's first tick of the demo day, or else of the week after, oldest first."""
    dawn = datetime.combine(DEMO_DAY, time(), tzinfo=UTC) - timedelta(seconds=1)
    found = [(ticks_between(item.cron, dawn, dawn + WEEK)[0], item) for item in notifications]
    return sorted(found, key=lambda entry: entry[0])
