"""A ledger that grows: what runs, the sensor, Prometheus and people ask, at more and more rows.

The ledger is filled by SQL with mails that were sent: six notifications, every day, as many years
as it takes. Then each question is asked as the product asks it. The baseline is the same question
at the fewest rows, so that a ratio of 1 says that growth changes nothing. The bar is half as quick
at the most rows; what takes a run less than two milliseconds there, or lets a person, the sensor's
page or Prometheus wait for less than a tenth of a second, is noticed by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benchmarks.clock import best_of
from benchmarks.findings import Findings, Plot, Row
from benchmarks.fit import on_growth
from benchmarks.laboratory import Laboratory
from benchmarks.sending import planned
from m2s_orchestration.delivery import administration, ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.monitoring import health
from m2s_orchestration.monitoring.metrics.ledger import Ledger, Past
from m2s_orchestration.postgres import Connection, Database, statements

NAME = "growth"
TITLE = "Growth of the ledger"

SQL = statements(__package__, "growth.sql")
NOTIFICATIONS = tuple(f"notification_{number}" for number in range(6))
ROWS = (10_000, 100_000, 1_000_000)
MORE_ROWS = 10_000_000
FEW_ROWS = (60, 600)
MAILS_A_DAY = 20
BAR = 0.5
# Seconds that nobody notices: of a run, which asks for each mail, and of whoever asks now and then.
UNNOTICED_IN_A_RUN, UNNOTICED = 0.002, 0.1
# The one that counts everything, once in the life of an exporter.
FIRST = "the first scrape"
TIMES = 10

Question = Callable[[], object]


@dataclass(frozen=True)
class Asked:
    """The seconds of each question, at one size."""

    rows: int
    megabytes: float
    of_a_run: dict[str, float]
    of_others: dict[str, float]

    @property
    def seconds(self) -> dict[str, float]:
        """Of all of them."""
        return self.of_a_run | self.of_others


def measure(laboratory: Laboratory) -> Findings:
    """Every question at every size."""
    asked = []
    more = (MORE_ROWS,) if laboratory.is_large else ()
    for number in FEW_ROWS if laboratory.is_small else (*ROWS, *more):
        with laboratory.demo_club(f"ledger_{number}") as database:
            megabytes = _fill(database, number)
            asked.append(Asked(number, megabytes, *_answers(database)))
    return Findings(
        rows=tuple(_rows(asked)),
        plots=(_plot(asked),),
        remarks=(
            *(
                f"{one.rows:,} deliveries take {one.megabytes:,.0f} MB, indexes included, their"
                " texts dropped as they are after 90 days."
                for one in asked
            ),
            on_growth("rows", [one.rows for one in asked], [one.seconds for one in asked]),
        ),
    )


def _fill(database: Database, number: int) -> float:
    """Returns how large the table of deliveries became, in MB."""
    days = number // (len(NOTIFICATIONS) * MAILS_A_DAY) + 1
    each = number // (len(NOTIFICATIONS) * days) or 1
    with database.connect("benchmark") as connection:
        SQL["mind_no_keys"].run(connection)
        connection.execute("SET statement_timeout = 0")
        for notification in NOTIFICATIONS:
            SQL["occurrences"].run(connection, notification=notification, days=days)
            SQL["deliveries"].run(connection, notification=notification, each=each)
            SQL["attempts"].run(connection, notification=notification)
            SQL["lease_events"].run(connection, notification=notification)
        connection.execute("VACUUM ANALYZE")
        return float(SQL["deliveries_size"].run(connection)[0][0])


def _answers(database: Database) -> tuple[dict[str, float], dict[str, float]]:
    """The seconds of a run's questions, and of the others'."""
    with database.connect("benchmark") as connection:
        lease = Lease(
            database,
            notification=NOTIFICATIONS[0],
            run_id="benchmark",
            deadline=timedelta(hours=1),
        )
        lease.acquire(wait=timedelta(0))
        try:
            others = _of_others(database, connection) | _of_the_figures(database, connection)
            return _timed(_of_a_run(connection, lease)), _timed(others)
        finally:
            lease.release()


def _timed(questions: dict[str, Question]) -> dict[str, float]:
    return {
        name: best_of(1 if name == FIRST else TIMES, question)
        for name, question in questions.items()
    }


def _of_a_run(connection: Connection, lease: Lease) -> dict[str, Question]:
    """What a run asks, mail by mail and once."""
    recorded = planned(connection, lease, 20)
    return {
        "record 20 messages": lambda: planned(connection, lease, 20),
        "tally": lambda: ledger.tally(connection, lease, recorded),
        "sweep": lambda: ledger.sweep(connection, lease),
        "what is unsent": lambda: ledger.unsent(connection, lease, recorded),
        "close": lambda: ledger.close(connection, lease, recorded),
    }


def _of_others(database: Database, connection: Connection) -> dict[str, Question]:
    """What the sensor asks every minute, and a person now and then."""
    since = datetime.now(UTC) - timedelta(days=40)
    hours = timedelta(hours=20)

    def unfinished() -> object:
        return ledger.SQL["unfinished_ticks"].run(
            connection,
            notification=NOTIFICATIONS[0],
            after=ledger.TESTIMONY,
            within=hours,
        )

    def newest(notification: str | None, state: str | None) -> Question:
        return lambda: administration.deliveries(
            database, notification=notification, state=state, limit=50
        )

    return {
        "sensor: known": lambda: ledger.SQL["known_ticks"].run(
            connection, notification=NOTIFICATIONS[0], since=since
        ),
        "sensor: unfinished": unfinished,
        "retention": lambda: administration.drop_old_contents(database),
        "list": newest(None, None),
        "list of a notification": newest(NOTIFICATIONS[0], None),
        "list of what failed": newest(None, "failed"),
        "list of what is unknown": newest(None, "unknown"),
        "list of what is unknown of a notification": newest(NOTIFICATIONS[0], "unknown"),
    }


def _of_the_figures(database: Database, connection: Connection) -> dict[str, Question]:
    """What the page of the club's mail asks every half hour, and Prometheus every half minute."""
    past = Past()

    def scrape(past: Past) -> object:
        with database.connect("metrics") as asking:
            return Ledger.read(asking, past, mailers=NOTIFICATIONS, leases=NOTIFICATIONS)

    return {
        "the page of the club's mail": lambda: health.health(connection, datetime.now(UTC)),
        "whom the latest occurrences did not tell": lambda: health.untold(
            connection, NOTIFICATIONS
        ),
        FIRST: lambda: scrape(Past()),
        "a scrape": lambda: scrape(past),
    }


def _rows(asked: list[Asked]) -> Iterator[Row]:
    first, last = asked[0], asked[-1]
    for one in asked[1:]:
        for name, seconds in one.seconds.items():
            unnoticed = UNNOTICED_IN_A_RUN if name in one.of_a_run else UNNOTICED
            is_held = one is last and seconds > unnoticed and name != FIRST
            baseline, before = f"{first.rows:,} rows", first.seconds[name]
            bar = BAR if is_held else None
            yield Row(name, f"{one.rows:,} rows", seconds, "s", baseline, before, bar=bar)


def _plot(asked: list[Asked]) -> Plot:
    shown = ("record 20 messages", "tally", "sensor: unfinished", "list of what failed", "a scrape")
    return Plot(
        "growth",
        "What the ledger is asked",
        "deliveries in the ledger",
        "seconds",
        tuple(f"{one.rows:,}" for one in asked),
        {name: tuple(one.seconds[name] for one in asked) for name in shown},
    )
