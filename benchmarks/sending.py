"""Mails per second to a server at a distance of 0, 5 and 50 ms for a round trip, ledger included.

The *present way* opens a connection for each mail and writes down each before the next: the five
statements that it was seen to issue for a person, then connection, EHLO, MAIL, RCPT, DATA, dot,
QUIT. The *bare loops* keep their connections, as many as ours, and remember nothing: one by
smtplib, a command at a time, and one that pipelines. Ours is the courier with the full ledger on a
database with fsync: the message offered but for its dot, the claim committed, the dot, the answer
committed; where the server allows it, as this one does, the next message begins with the dot of the
one before. *The ledger alone* is those claims and testimonies over as many connections, with no
mail: where the server is near, it is the limit. Nobody encrypts or logs in here, which the present
way would do for each mail, and the others once.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count

from benchmarks import bare, present
from benchmarks.clock import timed
from benchmarks.findings import Findings, Plot, Row
from benchmarks.fit import exponent
from benchmarks.laboratory import Laboratory
from benchmarks.mail_server import mail_server_at
from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.courier import deliver
from m2s_orchestration.delivery.errand import Route
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import Plan, PlannedMail, Recorded
from m2s_orchestration.delivery.parcel import NO_DELAY
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.postgres import Connection, Database

Counts = dict[float, tuple[int, ...]]

NAME = "sending"
TITLE = "Sending"

CONNECTIONS = 2  # the default of EMAIL_CONNECTIONS
MORE_CONNECTIONS = 8
BAR_PRESENT = 10.0
BAR_BARE = 0.7
# How many mails at each distance: more of them take minutes and show the same rate. Of the ways
# that we are compared with, so many show it too.
COUNTS: Counts = {0.0: (1, 100, 1_000), 0.005: (1, 100, 400), 0.05: (1, 100)}
MANY: Counts = {distance: (*counts, 10_000) for distance, counts in COUNTS.items()}
FEW: Counts = {0.0: (1, 20), 0.005: (1, 20)}
MOST_FOR_THE_PRESENT = 100

_numbers = count(1)


@dataclass(frozen=True)
class Place:
    """A database, and a server at its distance."""

    database: Database
    server: MailServer
    distance: float

    @property
    def name(self) -> str:
        """How far away, as people say it."""
        return f"{self.distance * 1000:g} ms"


def measure(laboratory: Laboratory) -> Findings:
    """Every number of mails at every distance."""
    rows: list[Row] = []
    with laboratory.demo_club("sending") as database:
        for distance, counts in _counts(laboratory).items():
            with mail_server_at(distance) as server:
                place = Place(database, server, distance)
                for number in counts:
                    is_whole = number == max(counts)
                    rows.extend(_compared(place, number, is_whole=is_whole))
    return Findings(tuple(rows), (_plot(rows), _plot_of_many(rows)), (_on_growth(rows),))


def _counts(laboratory: Laboratory) -> Counts:
    if laboratory.is_small:
        return FEW
    return MANY if laboratory.is_large else COUNTS


def _compared(place: Place, number: int, *, is_whole: bool) -> Iterator[Row]:
    at = f"{number:,} mails, {place.name}"
    rate = number / ours(place, number, CONNECTIONS)
    before = min(number, MOST_FOR_THE_PRESENT)
    present_rate = before / present_way(place, before)
    is_far = is_whole and place.distance == max(COUNTS)
    yield _row("ours", at, rate, "present way", present_rate, BAR_PRESENT if is_far else None)
    for name, loop in (("smtplib", bare.smtplib_loop), ("pipelining", bare.pipelined_loop)):
        fewer = min(number, max(COUNTS[place.distance]))
        limit = fewer / _bare(place, fewer, loop)
        bar = BAR_BARE if is_whole and name == "smtplib" else None
        yield _row("ours", at, rate, f"bare loop, {name}", limit, bar)
    if is_whole:
        fewer = min(number, max(COUNTS[place.distance]))
        yield _row("ours", at, rate, "the ledger alone", fewer / ledger_alone(place, fewer), None)
        wide = number / ours(place, number, MORE_CONNECTIONS)
        name = f"ours, {MORE_CONNECTIONS} connections"
        yield _row(name, at, wide, "present way", present_rate, None)


def _row(what: str, at: str, rate: float, baseline: str, other: float, bar: float | None) -> Row:
    return Row(what, at, rate, "mails/s", baseline, other, better="more", bar=bar)


def _plot(rows: Sequence[Row]) -> Plot:
    """Rates over distance, of the largest number at each."""
    last: dict[str, dict[str, float]] = {}
    for row in rows:
        distance = row.at.rpartition(", ")[2]
        last.setdefault(row.what, {})[distance] = row.figure
        last.setdefault(row.baseline, {})[distance] = row.against or 0.0
    places = tuple(dict.fromkeys(row.at.rpartition(", ")[2] for row in rows))
    curves = {name: tuple(found.get(place) for place in places) for name, found in last.items()}
    title = f"Sending over {CONNECTIONS} connections"
    return Plot("sending", title, "round trip to the mail server", "mails/s", places, curves)


def _seconds(rows: Sequence[Row]) -> dict[str, dict[int, float]]:
    """How long ours took at each distance, by the number of mails."""
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        if row.what == "ours":
            number, _, distance = row.at.partition(" mails, ")
            mails = int(number.replace(",", ""))
            found.setdefault(distance, {})[mails] = mails / row.figure
    return found


def _plot_of_many(rows: Sequence[Row]) -> Plot:
    seconds = _seconds(rows)
    numbers = sorted({number for times in seconds.values() for number in times})
    curves = {
        distance: tuple(times.get(number) for number in numbers)
        for distance, times in seconds.items()
    }
    places = tuple(f"{number:,}" for number in numbers)
    return Plot("sending-many", "How long a round takes", "mails", "seconds", places, curves)


def _on_growth(rows: Sequence[Row]) -> str:
    told = ", ".join(
        f"{exponent(list(times), list(times.values())) or 0.0:.2f} at {distance}"
        for distance, times in _seconds(rows).items()
    )
    return f"The power of the mails with which the time grows: {told}."


def ours(place: Place, number: int, connections: int) -> float:
    """Seconds from the first offer to the last testimony."""
    results: dict[str, int] = {}
    with _under_a_lease(place.database, number) as (lease, waiting):

        def send() -> None:
            route = Route(place.server, connections)
            results.update(deliver(place.database, lease, route, waiting).results)

        seconds = timed(send)
    assert results == {"sent": number}, results
    return seconds


def ledger_alone(place: Place, number: int) -> float:
    """Seconds for the claims and testimonies of so many mails, none of which is sent."""
    with _under_a_lease(place.database, number) as (lease, waiting), ExitStack() as stack:
        hands = [
            stack.enter_context(place.database.connect("benchmark")) for _ in range(CONNECTIONS)
        ]

        def settle(hand: int) -> None:
            for delivery_id in waiting[hand::CONNECTIONS]:
                claim_and_testify(hands[hand], delivery_id, lease=lease)

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return timed(lambda: list(pool.map(settle, range(CONNECTIONS))))


def claim_and_testify(connection: Connection, delivery_id: int, *, lease: Lease) -> None:
    """What stands before a final dot, and what comes after it: two commits."""
    identity = {**lease.identity, "is_forced": False}
    assert ledger.SQL["claim"].first(connection, **identity, id=delivery_id)
    assert ledger.SQL["testify"].run(
        connection,
        **identity,
        id=delivery_id,
        state="sent",
        reason="",
        code=250,
        text="2.0.0 taken",
        delay=NO_DELAY,
    )


@contextmanager
def _under_a_lease(database: Database, number: int) -> Iterator[tuple[Lease, Sequence[int]]]:
    """A lease that is held, and so many messages that wait."""
    run = next(_numbers)
    lease = Lease(
        database,
        notification=f"benchmark_{run}",
        run_id=f"benchmark{run}",
        deadline=timedelta(hours=1),
    )
    lease.acquire(wait=timedelta(0))
    try:
        with database.connect("benchmark") as connection:
            recorded = planned(connection, lease, number)
            waiting = ledger.unsent(connection, lease, recorded)
        yield lease, waiting
    finally:
        lease.release()


def planned(connection: Connection, lease: Lease, number: int) -> Recorded:
    """So many messages about a new period recorded, each to another address."""
    now = datetime.now(UTC)
    period = f"period-{next(_numbers)}"
    mails = tuple(_mail(lease.notification, period, place) for place in range(number))
    plan = Plan(tick=now, due_until=now + timedelta(hours=5), periods=(period,), mails=mails)
    return ledger.record(connection, lease, plan)


def _mail(notification: str, period: str, place: int) -> PlannedMail:
    return PlannedMail(
        period=period,
        recipient_key=f"member:{place}",
        variant="",
        sender=bare.SENDER,
        address=f"member{place}@club.example",
        message_id=f"<{notification}.{period}.{place}@club.example>",
        subject="what a mail of ours weighs",
        content=bare.CONTENT,
        content_digest=sha256(bare.CONTENT).hexdigest(),
    )


def present_way(place: Place, number: int) -> float:
    """Seconds for so many mails, each with a connection and a record of its own."""
    session = present.Session.open(place.database.conninfo)

    def send() -> None:
        for member in range(number):
            session.read_configuration(3)
            session.ask("open_notices", member=1 + member % 75)
            with smtplib.SMTP(
                place.server.host, place.server.port, local_hostname="localhost"
            ) as connection:
                connection.sendmail(bare.SENDER, f"m{member}@club.example", bare.CONTENT)
            session.notify(1 + member % 75)

    with session.connection:
        return timed(send)


def _bare(place: Place, number: int, loop: bare.Loop) -> float:
    addresses = [f"member{number}@club.example" for number in range(number)]
    return timed(lambda: bare.over(CONNECTIONS, loop, place.server, addresses))
