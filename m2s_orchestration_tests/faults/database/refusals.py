"""A database that answers and refuses: read-only, too many connections, a disk that is full.

Read-only is set while the run is at work, or before it, as a failover or a migration does it; a
role has only so many connections; and a trigger refuses a statement, once or always, with the code
of a full disk, a deadlock or a failed serialization. Then it is over, and the run is repeated.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg import sql

import m2s_orchestration
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.database_wire import CONNECTING
from m2s_orchestration_tests.faults.bench.points import Encounter, Side
from m2s_orchestration_tests.faults.bench.survey import Survey, survey
from m2s_orchestration_tests.faults.database.outcomes import (
    Colour,
    Fault,
    Outcome,
    conclude,
    findings,
    impatient,
)
from m2s_orchestration_tests.faults.findings import Findings

NAME = "the database refuses"

NOTIFICATION = "notify_aging_logsheets"
OPERATIONS = Path(m2s_orchestration.__file__).parents[1] / "docs" / "operations.md"
EVER = 1_000_000

Trial = Callable[[Bench, Survey], Outcome]


def explore(bench: Bench, *, full: bool) -> Findings:
    """Every refusal at every place; in short the telling ones."""
    surveyed = survey(bench, NOTIFICATION)
    trials = [
        *(item.tried for item in READ_ONLY if full or item.is_telling),
        *(item.tried for item in _limits(full=full)),
        *(item.tried for item in _troubles() if full or item.is_telling),
    ]
    with bench.hands() as hands:
        outcomes = list(hands.map(lambda trial: trial(bench, surveyed), trials))
    return findings(NAME, outcomes)


@dataclass(frozen=True)
class ReadOnly:
    """From this encounter on (the first connection: before the run) no session may write.

    The sessions that are open are ended. If it `passes`, it is over when the run has asked twice.
    """

    said: str
    nth: int
    side: Side
    says: str = "read-only transaction"
    doubts: int = 0
    passes: bool = False
    is_telling: bool = False

    def tried(self, bench: Bench, surveyed: Survey) -> Outcome:
        fault = Fault(
            f"read-only from {self.side} {self.said} {self.nth}"
            + (", and back" if self.passes else ""),
            NOTIFICATION,
            colour="green" if self.passes else "red",
            says="" if self.passes else self.says,
            doubts=self.doubts,
            keeps_lease=True,
        )
        with bench.site() as site:
            trap = _ReadOnlyFrom(site, self)
            with site.wires(trap) as wires:
                before = () if self.passes else (impatient,)
                run = site.start(*run_of(NOTIFICATION), wires=wires, before=before)
                disturbed = run.ended()
            _let_write(site, "RESET")
            sent = len(site.server.accepted)
            outcome = conclude(
                site, fault, disturbed, sprung=trap.is_sprung, undisturbed=surveyed.aftermath
            )
        if sent != self.doubts and not self.passes:
            told = f"{sent} mails went out and not {self.doubts}"
            return replace(outcome, complaints=(*outcome.complaints, told))
        return outcome


class _ReadOnlyFrom:
    """A trap (see `points.Trap`)."""

    def __init__(self, site: Site, fault: ReadOnly) -> None:
        self.is_sprung = False
        self._site = site
        self._fault = fault
        self._asked = 0
        self._turn = threading.Lock()

    def __call__(self, encounter: Encounter) -> None:
        point, fault = encounter.point, self._fault
        with self._turn:
            if (point.said, point.nth, encounter.side) == (fault.said, fault.nth, fault.side):
                self.is_sprung = True
                _let_write(self._site, "SET", "= on")
                _end_sessions(self._site)
            elif self.is_sprung and (point.said, encounter.side) == (CONNECTING, "before"):
                self._asked += 1
                if fault.passes and self._asked == 2:
                    _let_write(self._site, "RESET")


UNHEARD = r"told that delivery \d+ is sent"

READ_ONLY = (
    # Before the run, before its decision, and between the decision and the mail.
    ReadOnly(CONNECTING, 1, "before", is_telling=True),
    ReadOnly(CONNECTING, 4, "before"),
    ReadOnly(CONNECTING, 5, "before", is_telling=True),
    ReadOnly("COMMIT", 2, "before", says="terminating connection"),
    ReadOnly("claim", 1, "before"),
    ReadOnly("claim", 1, "after", says=UNHEARD, doubts=1),
    ReadOnly("dot", 1, "before", says=UNHEARD, doubts=1, is_telling=True),
    ReadOnly("dot", 1, "after", says=UNHEARD, doubts=1),
    ReadOnly("dot", 1, "before", passes=True),
    ReadOnly("testify", 1, "before", passes=True, is_telling=True),
)


def _let_write(site: Site, verb: str, value: str = "") -> None:
    with site.database.connect("laboratory") as connection:
        connection.execute("SET default_transaction_read_only = off")
        name = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} {} default_transaction_read_only {}").format(
                name, sql.SQL(verb), sql.SQL(value)
            )
        )


def _end_sessions(site: Site) -> None:
    with site.database.connect("laboratory") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@dataclass(frozen=True)
class Limit:
    """A role with the rights that operations.md lists, and so many connections at a time."""

    connections: int
    hands: int = 1

    def tried(self, bench: Bench, surveyed: Survey) -> Outcome:
        fault = Fault(
            f"a role with {self.connections} connections and {self.hands} hands",
            NOTIFICATION,
            # The heartbeat needs one too, and one that was given back still counts for a moment.
            colour="either" if self.connections else "red",
            keeps_lease=True,
        )
        with bench.site() as site:
            humble = humble_role(site)
            _limit(site, self.connections)
            disturbed = site.m2s(
                *run_of(NOTIFICATION),
                environment={**humble, "EMAIL_CONNECTIONS": str(self.hands)},
            )
            _limit(site, -1)
            return conclude(
                site, fault, disturbed, undisturbed=surveyed.aftermath, environment=humble
            )


def _limits(*, full: bool) -> Iterator[Limit]:
    yield from (Limit(connections) for connections in ((0, 1, 2, 3) if full else (0, 1)))
    if full:
        yield from (Limit(connections, hands=2) for connections in (1, 2, 3))


def humble_role(site: Site) -> dict[str, str]:
    """Make a role that has the listed rights and no others; the environment of its runs."""
    text = OPERATIONS.read_text(encoding="utf-8")
    grants = re.search(r"^```sql\n(GRANT.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert grants
    with site.database.connect("laboratory") as connection:
        name = f"humble_{connection.info.dbname}"
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'humble'")
        connection.execute(grants[1].replace("TO m2s;", f"TO {name};"))
    return {"DB_USER": name, "DB_PASSWORD": "humble"}


def _limit(site: Site, connections: int) -> None:
    with site.database.connect("laboratory") as connection:
        name = f"humble_{connection.info.dbname}"
        connection.execute(f"ALTER ROLE {name} CONNECTION LIMIT {connections}")


@dataclass(frozen=True)
class Place:
    """Where a trigger refuses; one that `tries_again` gets over it if it happens once."""

    name: str
    event: str
    tries_again: bool = False
    keeps_lease: bool = False
    doubts: int = 0


ACQUIRE = Place("the lease", "INSERT ON cronjob_locks FOR EACH ROW")
DECIDE = Place("the decision", "INSERT ON m2s_orchestration.delivery FOR EACH ROW")
CLAIM = Place(
    "a claim",
    "UPDATE ON m2s_orchestration.delivery FOR EACH ROW WHEN (NEW.state = 'sending')",
    tries_again=True,
)
TESTIFY = Place(
    "a testimony",
    "UPDATE ON m2s_orchestration.delivery FOR EACH ROW WHEN (OLD.state = 'sending')",
    tries_again=True,
    doubts=1,
)
CLOSE = Place(
    "the end",
    "UPDATE ON m2s_orchestration.occurrence FOR EACH ROW WHEN (NEW.state = 'done')",
)
RELEASE = Place("the release", "DELETE ON cronjob_locks FOR EACH ROW", keeps_lease=True)

# What the server says when it is no matter of our rights or words, and a later try may succeed.
PASSING = {
    "53100": "the disk is full",
    "40P01": "a deadlock",
    "40001": "a failed serialization",
    "53200": "no memory",
    "58030": "the disk fails",
    "57014": "cancelled",
}
LASTING = {"42501": "no right", "XX000": "a broken server"}

TRIGGER = """
CREATE SEQUENCE troubles;
CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('troubles') <= {times} THEN
        RAISE EXCEPTION 'trouble in the laboratory' USING ERRCODE = '{code}';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER a_trouble BEFORE {event} EXECUTE FUNCTION trouble();
"""


@dataclass(frozen=True)
class Trouble:
    """A trigger that refuses there, so often, with this code."""

    place: Place
    code: str
    times: int

    @property
    def is_telling(self) -> bool:
        """Whether the short form has it."""
        return (self.place, self.code, self.times) in {
            (DECIDE, "40P01", 1),
            (CLAIM, "40001", 1),
            (CLAIM, "53100", EVER),
            (CLAIM, "42501", EVER),
            (TESTIFY, "53100", EVER),
        }

    def tried(self, bench: Bench, surveyed: Survey) -> Outcome:
        told = {**PASSING, **LASTING}[self.code]
        often = "once" if self.times == 1 else "always"
        fault = Fault(
            f"{told} {often} at {self.place.name}",
            NOTIFICATION,
            colour=self._colour,
            says="" if self._colour == "green" else "trouble in the lab|could not be told",
            doubts=self.place.doubts if self.times == EVER else 0,
            keeps_lease=self.place.keeps_lease,
        )
        made = TRIGGER.format(times=self.times, code=self.code, event=self.place.event)
        with bench.site() as site:
            with site.database.connect("laboratory") as connection:
                connection.execute(made)
            run = site.start(*run_of(NOTIFICATION), before=(impatient,))
            disturbed = run.ended()
            with site.database.connect("laboratory") as connection:
                connection.execute("DROP FUNCTION trouble CASCADE")
            return conclude(site, fault, disturbed, undisturbed=surveyed.aftermath)

    @property
    def _colour(self) -> Colour:
        if self.place.keeps_lease:
            return "green"
        recovers = self.place.doubts or self.code in PASSING
        return "green" if self.place.tries_again and self.times == 1 and recovers else "red"


def _troubles() -> Iterator[Trouble]:
    for place in (ACQUIRE, DECIDE, CLAIM, TESTIFY, CLOSE, RELEASE):
        for code in PASSING if place.tries_again else ("40P01",):
            yield from (Trouble(place, code, times) for times in (1, EVER))
    for code in LASTING:
        yield from (Trouble(CLAIM, code, times) for times in (1, EVER))
