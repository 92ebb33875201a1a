"""One scheduled moment of a notification, and what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

from m2s_orchestration.errors import BadParameter

KEY_FORMAT = "%Y-%m-%d-%H:%M"
# Outside of these a schedule's ticks need not be within what Python calls a date.
YEARS = range(1900, 3000)


@dataclass(frozen=True)
class Occurrence:
    """A moment of a notification's schedule, or any other one that a person chose.

    `moment`, `previous`, the tick before it, and `tick`, the latest one by then (a scheduled
    occurrence's own), are in UTC and in whole seconds.
    """

    notification: str
    moment: datetime
    previous: datetime
    tick: datetime

    @property
    def key(self) -> str:
        """The partition's key: `YYYY-MM-DD-HH:MM` in UTC, with seconds only where there are any."""
        return self.moment.strftime(KEY_FORMAT + (":%S" if self.moment.second else ""))

    def club_date(self, zone: ZoneInfo) -> date:
        """The club's calendar date at the moment."""
        return self.moment.astimezone(zone).date()

    def club_dates(self, zone: ZoneInfo) -> tuple[date, ...]:
        """Every club date after the previous tick's and up to its own; at least its own.

        On most days that is one date. On a day of changing clocks a date may have no tick of its
        own: the next occurrence has it too.
        """
        last = self.club_date(zone)
        first = min(self.previous.astimezone(zone).date() + timedelta(days=1), last)
        return tuple(first + timedelta(days=day) for day in range((last - first).days + 1))

    def next_morning(self, zone: ZoneInfo, hour: int = 8) -> date:
        """The date of the first `hour` o'clock in the club after the moment."""
        local = self.moment.astimezone(zone)
        return local.date() if local.hour < hour else local.date() + timedelta(days=1)


def occurrence_at(notification: str, cron: str, moment: datetime) -> Occurrence:
    """The occurrence at exactly that moment (aware)."""
    moment = moment.astimezone(UTC).replace(microsecond=0)
    return Occurrence(
        notification=notification,
        moment=moment,
        previous=tick_before(cron, moment),
        tick=tick_before(cron, moment + timedelta(seconds=1)),
    )


def latest_occurrence(notification: str, cron: str, now: datetime) -> Occurrence:
    """The occurrence of the latest tick at or before now (aware)."""
    just_after = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    return occurrence_at(notification, cron, tick_before(cron, just_after))


def tick_before(cron: str, moment: datetime) -> datetime:
    """The latest tick of a cron expression (in UTC) before a moment."""
    return next(CronSim(cron, moment.astimezone(UTC), reverse=True))


def tick_after(cron: str, moment: datetime) -> datetime:
    """The first tick of a cron expression (in UTC) after a moment."""
    return next(CronSim(cron, moment.astimezone(UTC)))


def ticks_between(cron: str, start: datetime, end: datetime) -> list[datetime]:
    """Every tick after `start` and up to `end`, oldest first."""
    found = []
    for tick in CronSim(cron, start.astimezone(UTC)):
        if tick > end:
            break
        found.append(tick)
    return found


def parse_key(key: str) -> datetime:
    """The moment of a partition's key. Raises BadParameter."""
    for form in (KEY_FORMAT, KEY_FORMAT + ":%S"):
        try:
            moment = datetime.strptime(key, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        if moment.year in YEARS:
            return moment
    raise BadParameter(
        f"The partition {key!r} is not an occurrence: write it in UTC as YYYY-MM-DD-HH:MM,"
        " such as 2026-03-02-08:00."
    )


def parse_moment(text: str) -> datetime:
    """A moment as a person writes it: ISO 8601 with a zone. Raises BadParameter."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadParameter(
            f"as_of is {text!r}, which is not a moment: write ISO 8601 with a zone, such as"
            " 2026-03-02T08:00:00Z."
        ) from error
    if moment.tzinfo is None:
        raise BadParameter(
            f"as_of is {text!r}, which names no zone: add Z for UTC or an offset such as -05:00."
        )
    if moment.year not in YEARS:
        raise BadParameter(f"as_of is {text!r}: is the year right?")
    return moment.astimezone(UTC)
