"""What the club's database tells: deliveries, attempts, occurrences, leases and troubles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from m2s_orchestration.delivery.cutover import Cutover, cutovers
from m2s_orchestration.monitoring.metrics import families
from m2s_orchestration.monitoring.metrics.families import Sample, by_name, counted, distributed
from m2s_orchestration.monitoring.metrics.tally import Rows, Tally
from m2s_orchestration.postgres import Connection, statements

SQL = statements(__package__, "ledger.sql")

NEGATED = sorted(-bound for bound in families.BOUNDS)
# An occurrence in one of these waits for nothing any more.
CLOSED = ("done", "expired")


class Past:
    """What only grows, of which a scrape counts the last hour: its memory between scrapes."""

    def __init__(self) -> None:
        self.sent = Tally(SQL["sent"])
        self.attempts = Tally(SQL["attempts"])
        self.lease_events = Tally(SQL["lease_events"])
        self.holds = Tally(SQL["holds"], negated=NEGATED)

    @property
    def is_unknown(self) -> bool:
        """Whether anything of it is still to be counted whole."""
        tallies = (self.sent, self.attempts, self.lease_events, self.holds)
        return any(tally.is_new for tally in tallies)


@dataclass(frozen=True)
class Ledger:
    """Its rows at one moment, from as many statements whatever is in it."""

    deliveries: Rows
    attempts: Rows
    occurrences: Rows
    successes: Rows
    lease_events: Rows
    holds: Rows
    leases: Rows
    troubles: Rows
    moved: dict[str, Cutover]

    @classmethod
    def read(
        cls, connection: Connection, past: Past, *, mailers: Sequence[str], leases: Sequence[str]
    ) -> Ledger:
        """In one snapshot, so that the figures fit each other."""
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            if past.is_unknown:
                SQL["take_time"].run(connection)
            ((horizon,),) = SQL["horizon"].run(connection)
            return cls(
                deliveries=SQL["unsent"].run(connection) + past.sent.read(connection, horizon),
                attempts=past.attempts.read(connection, horizon),
                occurrences=SQL["occurrences"].run(connection),
                successes=SQL["successes"].run(connection, names=list(mailers)),
                lease_events=past.lease_events.read(connection, horizon),
                holds=past.holds.read(connection, horizon),
                leases=SQL["leases"].run(connection, names=list(leases)),
                troubles=SQL["troubles"].run(connection),
                moved=cutovers(connection),
            )

    def closed(self) -> dict[str, datetime]:
        """The tick of each notification's newest occurrence that waits for nothing any more."""
        found: dict[str, datetime] = {}
        for name, state, _, tick in self.occurrences:
            if state in CLOSED:
                found[name] = max(tick, found.get(name, tick))
        return found

    def samples(
        self, mailers: Sequence[str], leases: Sequence[str], jobs: Sequence[str]
    ) -> Iterator[Sample]:
        """All of it as metrics; of each name in these lists, also if there is nothing yet."""
        states = families.DELIVERY_STATES
        yield from counted(families.DELIVERIES, self.deliveries, mailers, states)
        yield from counted(families.ATTEMPTS, self.attempts, mailers, states)
        yield from counted(
            families.OCCURRENCES,
            [(name, state, count) for name, state, count, _ in self.occurrences],
            mailers,
            families.OCCURRENCE_STATES,
        )
        yield from by_name(families.LAST_SUCCESS, dict(self.successes), mailers)
        yield from counted(families.TROUBLE, self.troubles, jobs, families.TROUBLES)
        yield from self._leases(leases)

    def _leases(self, names: Sequence[str]) -> Iterator[Sample]:
        yield from counted(families.LEASE_EVENT, self.lease_events, names, families.LEASE_EVENTS)
        yield from distributed(families.LEASE_HELD, self.holds, names)
        live = {name: float(is_live) for name, is_live, _ in self.leases}
        yield from by_name(families.LEASE_LIVE, live, names)
        stale = {name: past for name, is_live, past in self.leases if not is_live}
        yield from by_name(families.LEASE_STALE, stale, names)
