"""The days of the demo club: when it flies, and the day that is lived."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CLUB_ZONE = ZoneInfo("America/New_York")

# A Sunday and the first of a month: the daily, the Sunday's and the month's notifications are due.
DEMO_DAY = date(2026, 3, 1)
TRAINING_WEEK = tuple(date(2026, 3, 2) + timedelta(days=n) for n in range(5))

FIRST_DAY = date(2025, 2, 15)
LAST_FINALIZED_DAY = date(2026, 2, 22)
AGING_DAY = date(2026, 2, 18)
RECENT_DAYS = (date(2026, 2, 25), date(2026, 2, 28))
EXTRA_DAYS = (date(2025, 5, 26), date(2025, 7, 4), date(2025, 9, 1), date(2025, 11, 28))


def finalized_days() -> list[date]:
    """Every weekend and a few holidays whose logsheets are closed, oldest first."""
    weekends = [
        day
        for n in range((LAST_FINALIZED_DAY - FIRST_DAY).days + 1)
        if (day := FIRST_DAY + timedelta(days=n)).weekday() >= 5 and not _washed_out(day)
    ]
    return sorted({*weekends, *EXTRA_DAYS})


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of `day` by the club's clock, in UTC."""
    return datetime.combine(day, time(hour, minute), tzinfo=CLUB_ZONE).astimezone(UTC)


def _washed_out(day: date) -> bool:
    """Sundays on which it rained; never in the last winter, whose lessons are told one by one."""
    return day.weekday() == 6 and day.toordinal() % 5 == 0 and day < date(2025, 12, 1)
