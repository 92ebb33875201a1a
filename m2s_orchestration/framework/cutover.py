"""What moving a notification over from its CronJob comes to, told before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from m2s_orchestration.club.reading import read_club
from m2s_orchestration.delivery.cutover import Cutover, Moved, Told, cutovers, move
from m2s_orchestration.delivery.lease import HeldLease, holder
from m2s_orchestration.errors import BadParameter, UnlawfulCutover
from m2s_orchestration.framework.decision import Recipient
from m2s_orchestration.framework.notification import Notification, Predecessor
from m2s_orchestration.framework.occurrence import (
    KEY_FORMAT,
    parse_key,
    parse_moment,
    tick_after,
    tick_before,
)
from m2s_orchestration.postgres import Connection, translated
from m2s_orchestration.settings import Settings

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Trace:
    """A notice by which the web application's command shows whom it told: a row of evidence.sql."""

    notice_id: int
    member_id: int
    told_at: datetime


@dataclass(frozen=True)
class Prospect:
    """What a move would do.

    `effective_from` is the first tick that would be ours (`asked_for` if a person named it) and
    `before` the last one that would not; `told` is what would be recorded as sent; `held` is whose
    run stands in the way; `current` is the latest move of the notification, if it ever moved.
    """

    notification: Notification
    predecessor: Predecessor
    asked_for: datetime | None
    effective_from: datetime
    before: datetime
    told: tuple[Told, ...]
    held: HeldLease | None
    current: Cutover | None

    @property
    def has_moved(self) -> bool:
        """Whether it is ours already."""
        return self.current is not None and self.current.is_ours


def prospect(
    notification: Notification,
    connection: Connection,
    *,
    settings: Settings,
    first: str,
    now: datetime,
) -> Prospect:
    """Look, and change nothing; `first` is the first tick that is to be ours, empty for the next.

    Raises UnlawfulCutover, BadParameter and every fault of the club and its database.
    """
    predecessor = notification.replaces
    if predecessor is None:
        raise UnlawfulCutover(
            f"{notification.name} replaces no CronJob, so nothing is to be moved over: switch its"
            " schedule on."
        )
    current = cutovers(connection).get(notification.name)
    coming = tick_after(notification.cron, now)
    asked_for = _tick(notification, first, coming) if first else None
    effective_from = asked_for or coming
    with translated():
        return Prospect(
            notification=notification,
            predecessor=predecessor,
            asked_for=asked_for,
            effective_from=effective_from,
            before=tick_before(notification.cron, effective_from),
            told=tuple(_told(notification, connection, settings, current)),
            held=holder(connection, notification.name),
            current=current,
        )


def move_over(
    notification: Notification,
    connection: Connection,
    *,
    settings: Settings,
    first: str,
    person: str,
    now: datetime,
) -> tuple[Prospect, Moved]:
    """Do what `prospect` tells. Raises LeaseHeld when somebody runs the notification."""
    found = prospect(notification, connection, settings=settings, first=first, now=now)
    moved = move(
        connection,
        notification=notification.name,
        effective_from=found.effective_from,
        person=person,
        # Once more: the old command may have told somebody since we looked.
        told=lambda: tuple(_told(notification, connection, settings, found.current)),
    )
    return found, moved


def _tick(notification: Notification, first: str, coming: datetime) -> datetime:
    try:
        moment = parse_key(first)
    except BadParameter:
        moment = parse_moment(first)
    if notification.occurrence_at(moment).tick != moment:
        before, after = (step(notification.cron, moment) for step in (tick_before, tick_after))
        raise BadParameter(
            f"{first!r} is no tick of {notification.name}: the nearest are"
            f" {before.strftime(KEY_FORMAT)} and {after.strftime(KEY_FORMAT)}."
        )
    if moment > coming:
        # The tombstone keeps the old command out from now on.
        raise BadParameter(
            f"{first!r} is later than the next tick of {notification.name}, {coming:{KEY_FORMAT}}:"
            " what comes before it would be nobody's. Move over when that tick is near."
        )
    return moment


def _told(
    notification: Notification,
    connection: Connection,
    settings: Settings,
    current: Cutover | None,
) -> Iterator[Told]:
    """Whom the command told, as far as its notices prove it, since it last was its to tell."""
    period_of = notification.replaces.period_of if notification.replaces else None
    if period_of is None:
        return
    club = read_club(connection, settings)
    since = (current.back_at if current else None) or LONG_AGO
    for trace in notification.evidence["evidence"].fetch(connection, Trace, since=since):
        occurrence = notification.latest_occurrence(trace.told_at)
        yield Told(
            tick=occurrence.moment,
            period=period_of(occurrence, club),
            recipient_key=Recipient.key_of(trace.member_id),
            member_id=trace.member_id,
            told_at=trace.told_at,
            reason=f"notice {trace.notice_id} of the web application",
        )
