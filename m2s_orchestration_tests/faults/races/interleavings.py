"""Two owners of one row, statement by statement, in every order in which their statements can come.

A statement of either is a transaction of its own, so the order of statements is all that can
differ. Each is tried on a real table: from a free lock and from one that is expired, with a pod's
clock that is right, ahead and behind.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, islice, product

from m2s_orchestration.delivery.lease import SQL as LEASE
from m2s_orchestration.delivery.lease import TERM
from m2s_orchestration.delivery.ledger import SQL as LEDGER
from m2s_orchestration.postgres import Connection, Statement
from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.web_application import WebApplication

NOTIFICATION = "notify_something"
US, THEM = "our-pod-1-01234567-89abcdef", "their-pod-1"
IDENTITY = {"notification": NOTIFICATION, "owner": US, "run_id": "01234567", "is_forced": False}
# How many statements each has; whoever has fewer in the end does nothing when it is its turn.
OUR_STEPS, THEIR_STEPS = 6, 6
STEPS = range(OUR_STEPS + THEIR_STEPS)
BEGINNINGS = ("free", "expired")
CLOCKS = {"right": 0, "ahead": 2, "behind": -2}  # minutes

ROW = """
SELECT locked_by, locked_at, expires_at, expires_at >= clock_timestamp() FROM cronjob_locks
"""
DELIVERIES = """
WITH decided AS (
    INSERT INTO m2s_orchestration.occurrence (notification, tick, state, due_until)
    VALUES (%(notification)s, clock_timestamp(), 'decided', clock_timestamp() + interval '1 hour')
    RETURNING id
)
INSERT INTO m2s_orchestration.delivery
    (occurrence_id, notification, period, recipient_key, sender, address, message_id, content,
     state, due_until)
SELECT decided.id, %(notification)s, '2026-03-02', number::text, 'a@example.org',
       'b@example.org', '<' || number || '@example.org>', 'text',
       'planned', clock_timestamp() + interval '1 hour'
FROM decided, generate_series(1, %(number)s) AS number
RETURNING delivery.id
"""


@dataclass(frozen=True)
class Order:
    """How it begins, how the pod's clock goes, and which of all steps are ours."""

    beginning: str
    clock: str
    ours: Sequence[int]

    def __str__(self) -> str:
        turns = ("we" if step in self.ours else "they" for step in STEPS)
        return f"{self.beginning} lock, clock {self.clock}: {' '.join(turns)}"


@dataclass
class Tally:
    """What the orders came to: our claims, and how often they wrote over or deleted our row."""

    orders: int = 0
    claims: int = 0
    overwritten: int = 0
    deleted: int = 0
    violations: tuple[str, ...] = ()


def interleave(bench: Bench, *, every: int) -> Tally:
    """Try every so-many-th order."""
    orders = [
        Order(beginning, clock, ours)
        for beginning, clock, ours in product(BEGINNINGS, CLOCKS, combinations(STEPS, OUR_STEPS))
    ][::every]
    tally = Tally()
    with bench.site() as site, site.database.connect("laboratory") as connection:
        deliveries = connection.execute(
            DELIVERIES, {"notification": NOTIFICATION, "number": 2 * len(orders)}
        ).fetchall()
        claimable = iter([int(delivery) for (delivery,) in deliveries])
        for order in orders:
            _Duel(connection, order, list(islice(claimable, 2)), tally).fight()
    return tally


class _Duel:
    """Both of them, in one order."""

    def __init__(
        self, connection: Connection, order: Order, deliveries: Sequence[int], tally: Tally
    ) -> None:
        self._connection = connection
        self._order = order
        self._deliveries = deliveries
        self._tally = tally
        self._they_act = False

    def fight(self) -> None:
        self._begin()
        ours, theirs = self._our_run(), self._their_run()
        for step in STEPS:
            next(ours if step in self._order.ours else theirs, None)
        self._tally.orders += 1

    def _begin(self) -> None:
        self._connection.execute("DELETE FROM cronjob_locks")
        if self._order.beginning == "expired":
            dead = timedelta(minutes=-30)
            WebApplication(self._connection, NOTIFICATION, owner="dead-pod-1", ahead=dead).insert()

    def _our_run(self) -> Generator[None, None, None]:
        """A run that has the lease goes on, whatever it hears: that is more than ours do."""
        if not self._we(LEASE["acquire"], term=TERM):
            return
        yield
        first, second = self._deliveries
        for statement, values in (
            (LEDGER["claim"], {"id": first}),
            (LEASE["renew"], {"term": TERM}),
            (LEASE["fence"], {}),
            (LEDGER["claim"], {"id": second}),
        ):
            if self._we(statement, **values) and statement.name != "renew":
                self._we_acted(statement)
            yield
        self._we(LEASE["release"], is_certain=True)

    def _we(self, statement: Statement, **values: object) -> bool:
        """One statement of ours, which must leave a living lock of theirs as it is."""
        before = self._row()
        row = statement.first(self._connection, **IDENTITY, **values)
        if before and before[0] == THEM and before[-1] and self._row() != before:
            self._complain(f"our {statement.name} touched their living lock")
        return row is not None

    def _we_acted(self, statement: Statement) -> None:
        self._tally.claims += statement.name == "claim"
        if self._they_act:
            self._complain(f"our {statement.name} went through while they had the lock")

    def _their_run(self) -> Iterator[None]:
        ahead = timedelta(minutes=CLOCKS[self._order.clock])
        command = WebApplication(self._connection, NOTIFICATION, owner=THEM, ahead=ahead)
        before = self._row()
        for _ in command.beginning():
            after = self._row()
            self._they_act = bool(after and after[0] == THEM)
            self._count(before, after)
            yield
            before = self._row()
        command.ends()
        self._they_act = False

    def _count(self, before: tuple[object, ...] | None, after: tuple[object, ...] | None) -> None:
        if before and before[0] == US and before[-1]:
            self._tally.deleted += after is None
            self._tally.overwritten += after is not None and after[0] == THEM

    def _row(self) -> tuple[object, ...] | None:
        return self._connection.execute(ROW).fetchone()

    def _complain(self, what: str) -> None:
        self._tally.violations += (f"{self._order}: {what}",)
