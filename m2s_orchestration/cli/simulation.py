"""A stretch of days as the schedules would live it, on the club as it is now, without sending.

Nothing is recorded or changed, so a tick does not see what one before it would have changed; what
the ledger would not let out a second time is held back here in memory.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from m2s_orchestration.club.club import Club
from m2s_orchestration.club.reading import read_club
from m2s_orchestration.errors import BadAddress
from m2s_orchestration.framework.evaluation import evaluate
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence, ticks_between
from m2s_orchestration.framework.planning import with_operators_message
from m2s_orchestration.mail import addresses
from m2s_orchestration.postgres import Connection
from m2s_orchestration.settings import Settings

DAY = timedelta(days=1)
Month = tuple[int, int]


@dataclass(frozen=True)
class Told:
    """One mail that would go out: on which of the club's days, and to whom."""

    day: date
    recipient_key: str


@dataclass
class Course:
    """What one notification would do in these days. `covered` counts the ticks about each date."""

    notification: Notification
    ticks: int = 0
    told: list[Told] = field(default_factory=list)
    held_back: int = 0
    covered: Counter[date] = field(default_factory=Counter)
    known: set[tuple[str, str, str]] = field(default_factory=set)

    def of_month(self, month: Month) -> list[Told]:
        """The mails of one month."""
        return [told for told in self.told if (told.day.year, told.day.month) == month]

    @property
    def by_day(self) -> Counter[date]:
        """How many mails on each day."""
        return Counter(told.day for told in self.told)

    @property
    def people(self) -> int:
        """How many different readers."""
        return len({told.recipient_key for told in self.told})

    @property
    def skipped(self) -> list[date]:
        """The dates between the first and the last that no tick is about."""
        if not self.covered:
            return []
        first, last = min(self.covered), max(self.covered)
        days = (first + DAY * number for number in range((last - first).days + 1))
        return [day for day in days if day not in self.covered]

    @property
    def doubled(self) -> list[date]:
        """The dates that two ticks are about; the ledger tells them once."""
        return sorted(day for day, ticks in self.covered.items() if ticks > 1)


Agenda = list[tuple[datetime, Course]]


@dataclass(frozen=True)
class Simulation:
    """All the notifications' courses over these days of the club."""

    first: date
    last: date
    courses: tuple[Course, ...]

    @property
    def by_day(self) -> Counter[date]:
        """How many mails on each day, all notifications together."""
        return sum((course.by_day for course in self.courses), Counter[date]())

    @property
    def months(self) -> list[Month]:
        """The months that it touches."""
        days = (self.first + DAY * number for number in range((self.last - self.first).days + 1))
        return list(dict.fromkeys((day.year, day.month) for day in days))


def planned(
    notifications: Sequence[Notification], club: Club, first: date, last: date
) -> tuple[Simulation, Agenda]:
    """The courses, still empty, and every tick of these days in order."""
    start = datetime.combine(first, time(), tzinfo=club.zone) - timedelta(seconds=1)
    end = datetime.combine(last + DAY, time(), tzinfo=club.zone) - timedelta(seconds=1)
    courses = tuple(map(Course, notifications))
    ticks = [
        (tick, course)
        for course in courses
        for tick in ticks_between(course.notification.cron, start, end)
    ]
    return Simulation(first, last, courses), sorted(ticks, key=lambda entry: entry[0])


def live(agenda: Agenda, connection: Connection, settings: Settings) -> Iterator[datetime]:
    """Live each tick, and say which one is done."""
    for tick, course in agenda:
        _live(course, course.notification.occurrence_at(tick), connection, settings)
        yield tick


def club_of(connection: Connection, settings: Settings) -> Club:
    """The club whose days are lived."""
    return read_club(connection, settings)


def _live(
    course: Course, occurrence: Occurrence, connection: Connection, settings: Settings
) -> None:
    notification = course.notification
    evaluation = evaluate(
        notification,
        connection,
        occurrence=occurrence,
        settings=settings,
        parameters=notification.parameters(),
    )
    club = evaluation.club
    course.ticks += 1
    course.covered.update(occurrence.club_dates(club.zone))
    today = occurrence.club_date(club.zone)
    for message in with_operators_message(evaluation.decision, occurrence, club).messages:
        key = (message.period, message.recipient.key, message.variant)
        if not _can_go(message.recipient.address):
            continue
        if key in course.known:
            course.held_back += 1
        else:
            course.known.add(key)
            course.told.append(Told(today, message.recipient.key))


def _can_go(address: str) -> bool:
    try:
        addresses.check(address)
    except BadAddress:
        return False
    return True


def spoken(dates: Sequence[date]) -> str:
    """Dates as a table's cell has them."""
    return ", ".join(day.isoformat() for day in dates) or "none"


def busiest(by_day: Mapping[date, int]) -> str:
    """The day with the most mails, the first of several."""
    if not by_day:
        return ""
    day = min(by_day, key=lambda day: (-by_day[day], day))
    return f"{day.isoformat()}: {by_day[day]}"
