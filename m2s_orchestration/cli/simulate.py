"""m2s simulate: a year of ticks of all notifications, and what they would send."""

import calendar
import sys
import webbrowser
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from m2s_orchestration.cli.simulation import (
    Course,
    Month,
    Simulation,
    busiest,
    club_of,
    live,
    planned,
    spoken,
)
from m2s_orchestration.cli.table import print_table
from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.notifications import NOTIFICATIONS, notification_named
from m2s_orchestration.postgres import Database, translated
from m2s_orchestration.settings import Settings


@click.command()
@click.option("--from", "first", required=True, metavar="DATE", help="The first of the days.")
@click.option("--to", "last", required=True, metavar="DATE", help="The last of the days.")
@click.option("--only", "names", multiple=True, metavar="NAME", help="Only this notification.")
@click.option(
    "--page",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(".m2s/simulate.html"),
    show_default=True,
    help="The file to draw the calendar in.",
)
@click.option("--open", "opens", is_flag=True, help="Open the calendar in the browser.")
def simulate(first: str, last: str, names: tuple[str, ...], file: Path, opens: bool) -> None:
    """Live the days --from DATE --to DATE on the club as it is now; nothing is sent."""
    days = _day("--from", first), _day("--to", last)
    if days[1] < days[0]:
        raise BadParameter(f"--to is {last}, which is before --from, {first}.")
    chosen = [notification_named(name) for name in names] or list(NOTIFICATIONS)
    # Every command imports this module, and only this one draws.
    from m2s_orchestration.cli.heat_map import page

    simulation = _lived(chosen, *days)
    tell(simulation)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(simulation), encoding="utf-8")
    click.echo(f"Nothing was sent. The calendar: {file}")
    if opens:
        webbrowser.open(file.resolve().as_uri())


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(f"{option} is {text!r}: write a date, such as 2026-01-01.") from error


def _lived(notifications: Sequence[Notification], first: date, last: date) -> Simulation:
    settings = Settings.from_environment()
    with Database(settings.database).connect("simulate") as connection, translated():
        club = club_of(connection, settings)
        simulation, agenda = planned(notifications, club, first, last)
        ticks = live(agenda, connection, settings)
        with click.progressbar(
            ticks, length=len(agenda), label=f"{len(agenda)} ticks", file=sys.stderr
        ) as bar:
            for _ in bar:
                pass
    return simulation


def tell(simulation: Simulation) -> None:
    """Print a line for each notification: mails and their readers by month, and the busiest day."""
    months = simulation.months
    print_table(
        ("notification", *map(_name, months), "in all", "busiest day"),
        [
            *(_line(course, months) for course in simulation.courses),
            ("all", *_sums(simulation), busiest(simulation.by_day)),
        ],
        title="Mails, and in brackets to how many people",
    )
    print_table(
        ("notification", "ticks", "dates left out", "dates of two ticks", "held back"),
        [
            (
                course.notification.name,
                course.ticks,
                spoken(course.skipped),
                spoken(course.doubled),
                course.held_back,
            )
            for course in simulation.courses
        ],
        title="Which of the club's dates the ticks are about; the ledger holds back what was told",
    )


def _name(month: Month) -> str:
    return calendar.month_abbr[month[1]]


def _line(course: Course, months: Sequence[Month]) -> tuple[object, ...]:
    cells = []
    for month in months:
        told = course.of_month(month)
        people = len({item.recipient_key for item in told})
        cells.append(f"{len(told)} ({people})" if told else "")
    total = f"{len(course.told)} ({course.people})"
    return course.notification.name, *cells, total, busiest(course.by_day)


def _sums(simulation: Simulation) -> tuple[int, ...]:
    by_month = [
        sum(len(course.of_month(month)) for course in simulation.courses)
        for month in simulation.months
    ]
    return *by_month, sum(by_month)
