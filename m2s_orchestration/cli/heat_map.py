"""A simulation as a page: the calendar of all mails, and one for each notification."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from m2s_orchestration.cli.simulation import Simulation, busiest, spoken

SHADES = 5
CELL = 13
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Square:
    """One day of a calendar: where it lies, how dark it is, and what it says."""

    x: int
    y: int
    shade: int
    words: str


@dataclass(frozen=True)
class Calendar:
    """The days of one notification, or of all; a week is a column and begins on Monday."""

    title: str
    words: str
    squares: tuple[Square, ...]
    months: tuple[tuple[int, str], ...]
    width: int
    height: int = 7 * CELL


def page(simulation: Simulation) -> str:
    """The whole page; it loads nothing from elsewhere."""
    environment = Environment(
        loader=PackageLoader("m2s_orchestration.cli", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    total = simulation.by_day.total()
    everything = _calendar(simulation, "All notifications", f"{total} mails", simulation.by_day)
    each = [
        _calendar(
            simulation,
            course.notification.name,
            f"{len(course.told)} mails to {course.people} people; busiest day"
            f" {busiest(course.by_day) or 'none'}; dates left out: {spoken(course.skipped)};"
            f" dates of two ticks: {spoken(course.doubled)}",
            course.by_day,
        )
        for course in simulation.courses
    ]
    return environment.get_template("heat_map.html").render(
        simulation=simulation, everything=everything, each=each, shades=range(SHADES + 1), cell=CELL
    )


def _calendar(
    simulation: Simulation, title: str, words: str, by_day: Mapping[date, int]
) -> Calendar:
    days = (simulation.last - simulation.first).days + 1
    monday = simulation.first - DAY * simulation.first.weekday()
    most = max(by_day.values(), default=0)
    squares, months = [], []
    for number in range(days):
        day = simulation.first + DAY * number
        column, row = divmod((day - monday).days, 7)
        count = by_day.get(day, 0)
        told = f"{day:%A, %B} {day.day}, {day.year}: {count}"
        squares.append(Square(column * CELL, row * CELL, _shade(count, most), told))
        if day.day == 1 or number == 0:
            months.append((column * CELL, f"{day:%b}"))
    width = (squares[-1].x if squares else 0) + CELL
    return Calendar(title, words, tuple(squares), tuple(months), width)


def _shade(count: int, most: int) -> int:
    """Nothing is 0; the most of any day is the darkest."""
    return -(-count * SHADES // most) if count else 0
