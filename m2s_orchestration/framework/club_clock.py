"""A schedule by the club's clock, in words for people who do not live by UTC."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from m2s_orchestration.club.reading import read_zone
from m2s_orchestration.errors import OrchestrationError
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.postgres import Database, translated
from m2s_orchestration.settings import Settings

YEAR = timedelta(days=366)
SHOWN = 3
# A page of the UI asks for all schedules at once.
REMEMBERED = timedelta(minutes=1)


def in_club_time(cron: str, zone: ZoneInfo, now: datetime) -> str:
    """When the ticks of a cron expression (in UTC) come by the club's clock, and the next ones."""
    ticks = [tick.astimezone(zone) for tick in ticks_between(cron, now, now + 2 * YEAR)]
    usual = sorted({f"{tick:%H:%M}" for tick in ticks if not tick.dst()})
    summer = sorted({f"{tick:%H:%M}" for tick in ticks if tick.dst()})
    told = " and ".join(usual or summer)
    if usual and summer and usual != summer:
        told += f", in summer time {' and '.join(summer)}"
    coming = "; ".join(f"{tick:%a %b} {tick.day}, {tick:%H:%M}" for tick in ticks[:SHOWN])
    seen = now.astimezone(zone)
    return (
        f"By the club's clock ({zone.key}): {told}."
        f" The next, as seen on {seen:%B} {seen.day}, {seen.year}: {coming}."
    )


class ClubClock:
    """The club's clock, which is looked at only when somebody asks."""

    def __init__(self, read: Callable[[], ZoneInfo] | None = None) -> None:
        self._read = read or _zone_of_the_club
        self._told: tuple[float, ZoneInfo | str] | None = None

    def describe(self, cron: str) -> str:
        """As `in_club_time`, now; or why the club's clock is not known here."""
        found = self._zone()
        if isinstance(found, ZoneInfo):
            return in_club_time(cron, found, datetime.now(UTC))
        return f"The club's clock is not known here: {found}"

    def _zone(self) -> ZoneInfo | str:
        now = time.monotonic()
        if self._told is None or now - self._told[0] > REMEMBERED.total_seconds():
            try:
                found: ZoneInfo | str = self._read()
            except OrchestrationError as fault:
                # The schedules are there all the same; what is wrong is told where they are seen.
                found = str(fault).splitlines()[0]
            self._told = (now, found)
        return self._told[1]


def _zone_of_the_club() -> ZoneInfo:
    database = Database(Settings.from_environment().database)
    with database.connect("club clock") as connection, translated():
        return read_zone(connection)
