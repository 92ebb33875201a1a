"""Many at once: the lease, fifty claimants of one row, and claims of messages in the ledger.

A *lease* is taken and given back as a run does it, with the connection that it opens for each and
the events that it records; the present lock's four statements go over a connection that is open
already. Of fifty claimants that start together one must win. A *claim* is what stands before each
final dot, with the testimony after it: two commits. The bare update is one row changed and
committed, over as many connections: what the disk and the machine allow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import count

from benchmarks import present
from benchmarks.clock import timed
from benchmarks.findings import Findings, Plot, Row
from benchmarks.laboratory import Laboratory
from benchmarks.sending import claim_and_testify, planned
from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import LeaseHeld
from m2s_orchestration.postgres import Connection, Database, statements

NAME = "contention"
TITLE = "Contention"

BARE = statements(__package__, "contention.sql")
LEASES = 100
CLAIMANTS = 50
CONNECTIONS = (1, 2, 4, 8, 16)
CLAIMS_EACH = 200

Work = Callable[[Connection, int], None]

_numbers = count(1)


def measure(laboratory: Laboratory) -> Findings:
    """Leases, claimants, claims."""
    is_small = laboratory.is_small
    with laboratory.demo_club("contention") as database:
        rows = [
            _leases(database, 3 if is_small else LEASES),
            _claimants(database, 5 if is_small else CLAIMANTS),
        ]
        connections = CONNECTIONS[:2] if is_small else CONNECTIONS
        claims = list(_claims(database, connections, 5 if is_small else CLAIMS_EACH))
    curves = {
        "claim and testimony": tuple(row.figure for row in claims),
        "bare update": tuple(row.against for row in claims),
    }
    places = tuple(map(str, connections))
    plot = Plot("claims", "Claims in the ledger", "connections", "per second", places, curves)
    return Findings((*rows, *claims), (plot,))


def _leases(database: Database, number: int) -> Row:
    def ours() -> None:
        for _ in range(number):
            lease = _lease(database, "benchmark_lease")
            lease.acquire(wait=timedelta(0))
            lease.release()

    session = present.Session.open(database.conninfo)

    def locks() -> None:
        for _ in range(number):
            session.begin("benchmark_lock")
            session.end("benchmark_lock")

    with session.connection:
        rates = number / timed(ours), number / timed(locks)
    return Row(
        "lease taken and given back",
        "one by one",
        rates[0],
        "per s",
        "present lock",
        rates[1],
        better="more",
    )


def _lease(database: Database, notification: str) -> Lease:
    run_id = f"benchmark{next(_numbers)}"
    return Lease(database, notification=notification, run_id=run_id, deadline=timedelta(hours=1))


def _claimants(database: Database, number: int) -> Row:
    """Seconds until everybody has an answer; exactly one of them is yes."""
    line = threading.Barrier(number + 1)
    leases = [_lease(database, "benchmark_race") for _ in range(number)]

    def claim(lease: Lease) -> bool:
        line.wait()
        try:
            lease.acquire(wait=timedelta(0))
        except LeaseHeld:
            return False
        return True

    won: list[bool] = []
    with ThreadPoolExecutor(number) as pool:
        asked = [pool.submit(claim, lease) for lease in leases]
        line.wait()
        seconds = timed(lambda: won.extend(one.result() for one in asked))
    for lease in leases:
        lease.release()
    assert sum(won) == 1, f"{sum(won)} claimants won"
    return Row(f"{number} claimants of one lease: one wins", "at once", seconds, "s")


def _claims(database: Database, connections: Sequence[int], each: int) -> Iterator[Row]:
    for number in connections:
        lease = _lease(database, f"benchmark_claims_{number}")
        lease.acquire(wait=timedelta(0))
        with database.connect("benchmark") as connection:
            recorded = planned(connection, lease, number * each)
            ids = list(ledger.unsent(connection, lease, recorded))
        shares = [ids[first::number] for first in range(number)]
        claiming = _together(database, shares, partial(claim_and_testify, lease=lease))
        updating = _together(database, shares, _update)
        lease.release()
        rates = (len(ids) / claiming, len(ids) / updating)
        at = f"{number} connections"
        yield Row(
            "claim and testimony", at, rates[0], "per s", "bare update", rates[1], better="more"
        )


def _together(database: Database, shares: Sequence[Sequence[int]], work: Work) -> float:
    """Seconds that the shares take, each over a connection of its own that is open by then."""
    line = threading.Barrier(len(shares) + 1)

    def serve(share: Sequence[int]) -> None:
        with database.connect("benchmark") as connection:
            line.wait()
            for delivery_id in share:
                work(connection, delivery_id)

    with ThreadPoolExecutor(len(shares)) as pool:
        served = [pool.submit(serve, share) for share in shares]
        line.wait()
        return timed(lambda: [one.result() for one in served])


def _update(connection: Connection, delivery_id: int) -> None:
    assert BARE["update"].run(connection, id=delivery_id)
