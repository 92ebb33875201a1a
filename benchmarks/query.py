"""What a run reads and decides, on clubs of 75 members, of ten times more, and so on.

The *present way* issues the statements that the present system was seen to issue, as many and one
after the other, each column of a row by its name as Django has it: for delinquents 18, 2 for each
flyer and 3 for each delinquent; for late reports 9 and 3 for each instructor; for aging logsheets
10 and 5 for each person. Among them are those of its lock and its in-app notices, which ours writes
later, in the step commit. Django's share is left out (to build each statement and an object of each
row, to render), and so is its mail: it is a lower bound of what the present body takes. The
*present body* is what that body took, Django and mail included, on a club of this size and another
day: 46.9 s, 9.17 s and 2.34 s. Between the two lies what ours is to be compared with.

The *hand-written query* is one statement for the same rows, names included, in psql, timed by psql
with the fetching of its rows; it decides nothing. Ours is what the steps query and evaluate do: one
snapshot, the club's settings, the statements of the notification, the members that these name, and
the decision: for the aging logsheets of the largest club 2,000 messages and as many notices.
Each figure is the quickest of several, and each time nothing is remembered from the time before.
The two ways of late reports differ in what they look at: ours goes back 90 days by decision, the
present one 30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import psycopg

from benchmarks import present
from benchmarks.clock import best_of, megabytes_for, timed
from benchmarks.club import AS_OF, load_club
from benchmarks.findings import Findings, Plot, Row
from benchmarks.fit import exponent
from benchmarks.laboratory import Laboratory
from m2s_orchestration.demo.postgres_programs import run as run_program
from m2s_orchestration.framework.evaluation import Evaluation, evaluate
from m2s_orchestration.mail import addresses
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.postgres import Connection, Database, statements
from m2s_orchestration.settings import Settings

NAME = "query"
TITLE = "Query and evaluate"

BY_HAND = statements(__package__, "by_hand.sql")
SQL = statements(__package__, "query.sql")
# An index of the club's tables that might help, which are not ours to alter.
INDEXES = {
    "report_duty_delinquents": "crew",
    "notify_late_sprs": "crew",
    "notify_aging_logsheets": "open_logsheets",
}
# What the present body took at 7,500 members, with Django and its mail, in seconds.
PRESENT_BODY = {
    "report_duty_delinquents": 46.9,
    "notify_late_sprs": 9.17,
    "notify_aging_logsheets": 2.34,
}
BARS = {"report_duty_delinquents": 100.0, "notify_late_sprs": 20.0, "notify_aging_logsheets": 20.0}
BAR_BY_HAND = 0.5
WORTH_A_BAR = 0.01  # seconds
MEMBERS = (75, 750, 7_500)
MORE_MEMBERS = 75_000
FEW_MEMBERS = (75, 150)
# Beyond it the present way takes a quarter of an hour and more.
MOST_FOR_THE_PRESENT = 7_500
BAR_AT = 7_500
TIMES = 5
TIMES_IF_LONG = 3
SERVERS = {"EMAIL_HOST": "localhost", "SITE_URL": "https://www.club.example"}


@dataclass(frozen=True)
class Ours:
    """What a process of its own measured of our way."""

    seconds: float
    statements: int
    megabytes: float
    told: int


def measure(laboratory: Laboratory) -> Findings:
    """Every notification at every size."""
    rows: list[Row] = []
    curves: dict[str, list[float | None]] = {}
    places: list[str] = []
    counted: dict[str, set[int]] = {name: set() for name in BARS}
    for members in _sizes(laboratory):
        with laboratory.database(f"club_{members}") as database:
            flights = load_club(database, members)
            places.append(f"{members:,}")
            for name in BARS:
                ours = _apart(database, name)
                counted[name].add(ours.statements)
                times = (
                    _present_way(database, name) if members <= MOST_FOR_THE_PRESENT else None,
                    _by_hand(laboratory, database, name),
                )
                at = f"{members:,} members, {flights:,} flights"
                rows.extend(_rows(name, at, ours, times, is_bar_at=members == BAR_AT))
                if members in {BAR_AT, FEW_MEMBERS[0]}:
                    rows.append(_with_index(database, name, at, ours))
                for way, seconds in zip(
                    ("present way", "hand-written", "ours"), (*times, ours.seconds), strict=True
                ):
                    curves.setdefault(f"{name}, {way}", []).append(seconds)
    return Findings(
        rows=tuple(rows),
        plots=tuple(_plot(name, curves, tuple(places)) for name in BARS),
        remarks=(
            *_on_statements(counted),
            *_on_the_limit(curves, _sizes(laboratory)),
            *_on_growth(curves, _sizes(laboratory)),
        ),
    )


def _sizes(laboratory: Laboratory) -> tuple[int, ...]:
    if laboratory.is_small:
        return FEW_MEMBERS
    return (*MEMBERS, MORE_MEMBERS) if laboratory.is_large else MEMBERS


def _rows(
    name: str, at: str, ours: Ours, times: tuple[float | None, float], *, is_bar_at: bool
) -> Iterator[Row]:
    present_way, by_hand = times
    if present_way is not None:
        bar = BARS[name] if is_bar_at else None
        yield Row(name, at, ours.seconds, "s", "present way", present_way, bar=bar)
        if is_bar_at:
            yield Row(name, at, ours.seconds, "s", "present body", PRESENT_BODY[name], bar=bar)
    # In a small club both are a matter of how often a process asks a server.
    bar = BAR_BY_HAND if by_hand >= WORTH_A_BAR else None
    yield Row(name, at, ours.seconds, "s", "hand-written query", by_hand, bar=bar)
    yield Row(f"{name}: memory", at, ours.megabytes, "MB")


def _with_index(database: Database, name: str, at: str, without: Ours) -> Row:
    index = INDEXES[name]
    with database.connect("benchmark") as connection:
        SQL[index].run(connection)
        seconds = _apart(database, name).seconds
        SQL["without"].run(connection)
    return Row(f"{name}, index {index}", at, seconds, "s", "without it", without.seconds)


def _plot(name: str, curves: dict[str, list[float | None]], places: tuple[str, ...]) -> Plot:
    own = {
        curve.removeprefix(f"{name}, "): tuple(values)
        for curve, values in curves.items()
        if curve.startswith(f"{name}, ")
    }
    return Plot(f"query-{name}", f"{name}: query and evaluate", "members", "seconds", places, own)


def _on_statements(counted: dict[str, set[int]]) -> Iterator[str]:
    for name, numbers in counted.items():
        told = ", ".join(map(str, sorted(numbers)))
        yield f"{name} issues {told} statements at every size (BEGIN and COMMIT not counted)."


def _on_the_limit(curves: dict[str, list[float | None]], members: Sequence[int]) -> Iterator[str]:
    if BAR_AT not in members:
        return
    place = members.index(BAR_AT)
    for name in BARS:
        present_way, by_hand = (
            curves[f"{name}, {way}"][place] for way in ("present way", "hand-written")
        )
        if present_way and by_hand:
            yield (
                f"{name}: at {BAR_AT:,} members the hand-written query itself is"
                f" {present_way / by_hand:.0f}× as quick as the present way."
            )


def _on_growth(curves: dict[str, list[float | None]], members: Sequence[int]) -> Iterator[str]:
    powers = {curve: exponent(members, seconds) for curve, seconds in curves.items()}
    for name in BARS:
        told = ", ".join(
            f"{curve.removeprefix(name + ', ')} {power:.2f}"
            for curve, power in powers.items()
            if power is not None and curve.startswith(name)
        )
        yield f"{name}: the power of the members with which the time grows: {told}."


def _apart(database: Database, name: str) -> Ours:
    """Measured in a process that has done nothing else, for the memory's sake."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(ours, database.conninfo, name).result()


def ours(conninfo: str, name: str) -> Ours:
    """Query and evaluate one notification, several times."""
    _Counting.statements = 0
    found: list[Evaluation] = []
    with Database(conninfo).connect("benchmark") as connection:
        connection.cursor_factory = _Counting

        def decide() -> None:
            # As in a run, which decides once.
            addresses.check.cache_clear()
            found[:] = [_decided(connection, name, conninfo)]

        megabytes = megabytes_for(decide)
        issued = _Counting.statements
        seconds = best_of(TIMES, decide)
    return Ours(seconds, issued, megabytes, len(found[0].decision.messages))


def _decided(connection: Connection, name: str, conninfo: str) -> Evaluation:
    notification = notification_named(name)
    return evaluate(
        notification,
        connection,
        occurrence=notification.occurrence_at(AS_OF),
        settings=Settings.from_environment({**SERVERS, "DATABASE_URL": conninfo}),
        parameters=notification.parameters(),
    )


class _Counting(psycopg.Cursor[Any]):
    statements = 0

    def execute(self, *arguments: Any, **named: Any) -> _Counting:
        _Counting.statements += 1
        super().execute(*arguments, **named)
        return self


def _present_way(database: Database, name: str) -> float:
    """Seconds of the present system's statements."""
    session = present.Session.open(database.conninfo)
    with session.connection:
        first = timed(lambda: present.BODIES[name](session))
        more = (TIMES_IF_LONG if first > 1 else TIMES) - 1
        return min([first, *(timed(lambda: present.BODIES[name](session)) for _ in range(more))])


def _by_hand(laboratory: Laboratory, database: Database, name: str) -> float:
    """Seconds of the hand-written query with its fetching, by psql's own clock."""
    query = BY_HAND[name].text
    script = "\\timing on\n\\o /dev/null\n" + f"{query}\n" * (TIMES + 1)
    told = run_program(
        *("psql", "-XAt", database.conninfo), folder=laboratory.postgres.folder, ask=script
    )
    times = [float(found) for found in re.findall(r"Time: ([\d.]+) ms", told)]
    return min(times) / 1000
