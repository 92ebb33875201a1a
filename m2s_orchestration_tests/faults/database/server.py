"""The database's server goes away in the middle of a run: restarted, crashed, gone, a replica.

Each group of trials has a server of its own. A server that comes back while the run still asks
makes no difference; one that stays away longer than a testimony is repeated leaves one message in
doubt. A crash with `synchronous_commit` off, as the claim never has it, tells somebody twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.faults.bench.aftermath import Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, run_of
from m2s_orchestration_tests.faults.bench.database_wire import CONNECTING
from m2s_orchestration_tests.faults.bench.points import Cut, Encounter, Point, Side
from m2s_orchestration_tests.faults.bench.survey import Survey, survey
from m2s_orchestration_tests.faults.database.outcomes import (
    REMEDY,
    Colour,
    Fault,
    Once,
    Outcome,
    conclude,
    findings,
    impatient,
)
from m2s_orchestration_tests.faults.database.own_server import OwnServer, server_of_its_own
from m2s_orchestration_tests.faults.database.refusals import humble_role
from m2s_orchestration_tests.faults.findings import Findings

NAME = "the database's server goes away"

NOTIFICATION = "notify_aging_logsheets"


@dataclass(frozen=True)
class Place:
    """Where the server goes away, and what that makes of the run if it is back at once."""

    point: Point
    side: Side
    colour: Colour

    def __str__(self) -> str:
        return f"{self.side} {self.point}"


PLAN = Point("database", "plan", 1)
DECISION = Point("database", "COMMIT", 2)
CLAIM = Point("database", "claim", 1)
DOT = Point("mail", "dot", 1)
TESTIMONY = Point("database", "testify", 1)
END = Point("database", "close_occurrence", 1)

BEFORE_PLAN = Place(PLAN, "before", "red")
BEFORE_DECISION, AFTER_DECISION = Place(DECISION, "before", "red"), Place(DECISION, "after", "red")
BEFORE_CLAIM, AFTER_CLAIM = Place(CLAIM, "before", "green"), Place(CLAIM, "after", "green")
BEFORE_DOT, AFTER_DOT = Place(DOT, "before", "green"), Place(DOT, "after", "green")
BEFORE_TESTIMONY = Place(TESTIMONY, "before", "green")
AFTER_TESTIMONY = Place(TESTIMONY, "after", "green")
BEFORE_END, AFTER_END = Place(END, "before", "red"), Place(END, "after", "red")

PLACES = (
    *(BEFORE_PLAN, BEFORE_DECISION, AFTER_DECISION, BEFORE_CLAIM, AFTER_CLAIM, BEFORE_DOT),
    *(AFTER_DOT, BEFORE_TESTIMONY, AFTER_TESTIMONY, BEFORE_END, AFTER_END),
)
# A claim that may have taken hold, or a dot that went out, and nobody who can be told of it.
DOUBTFUL = (AFTER_CLAIM, BEFORE_DOT, AFTER_DOT, BEFORE_TESTIMONY)

Trial = Callable[[OwnServer, Survey], Outcome]


def explore(bench: Bench, *, full: bool) -> Findings:
    """Each group on a server of its own, side by side."""
    surveyed = survey(bench, NOTIFICATION)
    groups = _in_full() if full else _in_short()
    with bench.hands(len(groups)) as hands:
        told = hands.map(lambda group: _all_of(group, bench, surveyed), groups)
        outcomes = list(chain.from_iterable(told))
    return findings(NAME, outcomes)


def _in_short() -> list[list[Trial]]:
    return [
        [
            partial(restarted, at=AFTER_DECISION, crashes=True),
            partial(restarted, at=AFTER_CLAIM, crashes=True),
            partial(restarted, at=BEFORE_DOT, crashes=True),
            forgetful,
        ],
        [
            partial(restarted, at=BEFORE_TESTIMONY, crashes=False),
            partial(away, at=BEFORE_TESTIMONY, before=(impatient,)),
            partial(back_in_time, at=AFTER_CLAIM),
            replica,
        ],
    ]


def _in_full() -> list[list[Trial]]:
    return [
        [
            partial(away, at=BEFORE_TESTIMONY),
            *(partial(away, at=place, before=(impatient,)) for place in DOUBTFUL[:-1]),
            *(partial(away, at=place) for place in (AFTER_DECISION, BEFORE_END)),
            partial(away, at=AFTER_TESTIMONY, before=(impatient,)),
        ],
        [partial(restarted, at=place, crashes=True) for place in PLACES],
        [partial(restarted, at=place, crashes=False) for place in PLACES],
        [
            *(partial(back_in_time, at=place) for place in PLACES if place.colour == "green"),
            *(forgetful, replica, crowded),
        ],
    ]


def _all_of(group: Iterable[Trial], bench: Bench, surveyed: Survey) -> list[Outcome]:
    with server_of_its_own(bench) as server:
        return [trial(server, surveyed) for trial in group]


def restarted(server: OwnServer, surveyed: Survey, *, at: Place, crashes: bool) -> Outcome:
    """It is back at once; a crash recovers first."""
    name = f"{'crashes' if crashes else 'is restarted'} {at}"
    fault = Fault(name, NOTIFICATION, at.colour)

    def restart(encounter: Encounter) -> None:
        (server.crash if crashes else server.shut_down)()
        server.start()
        _lose_answer(encounter)

    return _disturbed(server, surveyed, fault, Once(*_at(at), restart))


def away(
    server: OwnServer, surveyed: Survey, *, at: Place, before: tuple[Any, ...] = ()
) -> Outcome:
    """It stays away until the run has given up, and another one too."""
    fault = Fault(
        f"is away from {at} on",
        NOTIFICATION,
        colour="red",
        doubts=at in DOUBTFUL,
        keeps_lease=True,
    )
    complaints: list[str] = []

    def leave(encounter: Encounter) -> None:
        server.crash()
        _lose_answer(encounter)

    with server.bench.site() as site:
        trap = Once(*_at(at), leave)
        with site.wires(trap) as wires:
            disturbed = site.start(*run_of(NOTIFICATION), wires=wires, before=before).ended()
        meanwhile = site.m2s(*run_of(NOTIFICATION))
        if meanwhile.status != 1 or not REMEDY.search(meanwhile.errors):
            complaints.append(f"a run without a server said {meanwhile.errors!r}")
        server.start()
        outcome = conclude(
            site, fault, disturbed, sprung=trap.sprung.is_set(), undisturbed=surveyed.aftermath
        )
        return replace(outcome, complaints=(*complaints, *outcome.complaints))


def back_in_time(server: OwnServer, surveyed: Survey, *, at: Place) -> Outcome:
    """It is away when the run asks again, and back when it asks once more."""
    fault = Fault(f"is away {at} and back in time", NOTIFICATION, at.colour)
    return _disturbed(server, surveyed, fault, _AwayOnce(server, at))


class _AwayOnce:
    """A trap (see `points.Trap`)."""

    def __init__(self, server: OwnServer, at: Place) -> None:
        self._server = server
        self._leave = Once(*_at(at), self._crash)
        self._is_away = False
        self._asked = 0

    @property
    def sprung(self) -> Any:
        return self._leave.sprung

    def __call__(self, encounter: Encounter) -> None:
        if self._is_away and (encounter.point.said, encounter.side) == (CONNECTING, "before"):
            self._asked += 1
            if self._asked == 2:
                self._is_away = False
                self._server.start()
        self._leave(encounter)

    def _crash(self, encounter: Encounter) -> None:
        self._server.crash()
        self._is_away = True
        _lose_answer(encounter)


def replica(server: OwnServer, surveyed: Survey) -> Outcome:
    """A server in recovery takes no lease; once it is promoted it does."""
    fault = Fault("is a replica", NOTIFICATION, colour="red", says="Is this a replica")
    with server.bench.site() as site:
        server.become_replica()
        try:
            disturbed = site.m2s(*run_of(NOTIFICATION))
        finally:
            server.be_promoted()
        return conclude(site, fault, disturbed, undisturbed=surveyed.aftermath)


def crowded(server: OwnServer, surveyed: Survey) -> Outcome:
    """Others take every connection that the server has, just before the run wants one to send."""
    fault = Fault(
        "has no connection left",
        NOTIFICATION,
        colour="red",
        says="connections to spare",
        keeps_lease=True,
    )
    with server.bench.site() as site, ExitStack() as crowd:
        humble = humble_role(site)
        server.says("CREATE ROLE crowd LOGIN PASSWORD 'crowd'")
        trap = Once(Point("database", CONNECTING, 6), "before", lambda _: _fill(server, crowd))
        with site.wires(trap) as wires:
            disturbed = site.start(*run_of(NOTIFICATION), wires=wires, environment=humble).ended()
        crowd.close()
        return conclude(
            site,
            fault,
            disturbed,
            sprung=trap.sprung.is_set(),
            undisturbed=surveyed.aftermath,
            environment=humble,
        )


def forgetful(server: OwnServer, surveyed: Survey) -> Outcome:
    """Without `synchronous_commit` a crash forgets a claim whose dot goes out: this must fail."""
    fault = Fault("forgets what was committed", NOTIFICATION)
    # Or it may write in time, by itself.
    server.says("ALTER SYSTEM SET wal_writer_delay = '10s'")

    def crash(_: Encounter) -> None:
        server.crash()
        server.start()

    with server.bench.site() as site:
        server.shut_down()
        server.start()
        trap = Once(DOT, "before", crash)
        with site.wires(trap) as wires:
            disturbed = site.start(
                *run_of(NOTIFICATION), wires=wires, before=(commit_asynchronously,)
            ).ended()
        site.lapse()
        site.m2s(*run_of(NOTIFICATION))
        found = judge(look(site), undisturbed=surveyed.aftermath)
    server.says("ALTER SYSTEM RESET wal_writer_delay")
    proof = () if found.duplicates else ("nobody was told twice, so nothing is proved by it",)
    return Outcome(fault, disturbed, Verdict(), proof)


def commit_asynchronously() -> None:
    """For the run's process: as it would be if postgres.py did not say `synchronous_commit=on`."""
    really = Database.open

    def open_carelessly(database: Database, purpose: str, **waits: Any) -> Connection:
        connection = really(database, purpose, **waits)
        connection.execute("SET synchronous_commit = off")
        return connection

    setattr(Database, "open", open_carelessly)  # noqa: B010


def _disturbed(
    server: OwnServer, surveyed: Survey, fault: Fault, trap: Once | _AwayOnce
) -> Outcome:
    with server.bench.site() as site:
        with site.wires(trap) as wires:
            disturbed = site.start(*run_of(NOTIFICATION), wires=wires).ended()
        return conclude(
            site, fault, disturbed, sprung=trap.sprung.is_set(), undisturbed=surveyed.aftermath
        )


def _at(place: Place) -> tuple[Point, Side]:
    return place.point, place.side


def _lose_answer(encounter: Encounter) -> None:
    if (encounter.point.wire, encounter.side) == ("database", "after"):
        raise Cut


def _fill(server: OwnServer, crowd: ExitStack) -> None:
    conninfo = server.postgres.conninfo("postgres")
    for connection in _as_many_as_there_are(
        make_conninfo(conninfo, user="crowd", password="crowd")
    ):
        crowd.enter_context(connection)


def _as_many_as_there_are(conninfo: str) -> Iterator[Connection]:
    while True:
        try:
            yield psycopg.connect(conninfo)
        except psycopg.OperationalError:
            return
