"""Our runs and the old command's, many at once and freely, on one lock."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from m2s_orchestration_tests.faults.bench.aftermath import Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, Site
from m2s_orchestration_tests.faults.bench.survey import Survey
from m2s_orchestration_tests.faults.races.fresh_ledger import FreshLedger
from m2s_orchestration_tests.faults.races.starting_line import (
    Finish,
    StartingLine,
    complaints,
    racer,
)
from m2s_orchestration_tests.smtp_server import SmtpServer
from m2s_orchestration_tests.web_application import WebApplication

RACERS, COMMANDS = 5, 3
PATIENCE = 4  # seconds that a racer waits for the lease, if it waits at all
# Minutes by which a pod's clock is ahead.
CLOCKS = (0, 0, 2, -2)
LONGEST_WORK = 0.15  # seconds
DEAD = "dead-pod-1"

STOLEN = """
SELECT owner, other FROM m2s_orchestration.lease_event
WHERE event = 'taken_over' AND other <> %s AND other LIKE 'old-command-%%'
"""
CLAIMED = """
SELECT message_id FROM m2s_orchestration.delivery WHERE claimed_at BETWEEN %s AND %s
"""


@dataclass(frozen=True)
class Held:
    """While one of the old commands had the lock, by the database's clock."""

    owner: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Round:
    """One that is over."""

    seed: int
    finishes: Sequence[Finish]
    held: Sequence[Held]
    verdict: Verdict
    complaints: tuple[str, ...]

    @property
    def both_of_theirs(self) -> int:
        """How often two of the old commands had the lock at once, by their own lights."""
        return sum(
            one.since < other.since < one.until
            for one in self.held
            for other in self.held
            if one is not other
        )


def race_beside(bench: Bench, surveyed: Survey, seeds: Sequence[int]) -> list[Round]:
    """A round for each seed."""
    with bench.site() as club, StartingLine(club.folder) as line:
        ledger = FreshLedger(club.database)
        rounds = []
        for seed in seeds:
            ledger.restore()
            with SmtpServer() as server:
                site = Site(club.database, server, club.folder / f"round-{seed}")
                rounds.append(_round(site, line, surveyed, seed))
    return rounds


def _round(site: Site, line: StartingLine, surveyed: Survey, seed: int) -> Round:
    chance = random.Random(seed)
    if chance.random() < 0.5:
        _leave_a_dead_lock(site, surveyed.notification)
    environment = site._environment(None)
    waits = [chance.choice((0, PATIENCE)) for _ in range(RACERS)]
    race = line.line_up([racer(surveyed.notification, environment, wait=wait) for wait in waits])
    commands = [
        OldCommand(site, surveyed.notification, number, chance.getrandbits(32))
        for number in range(COMMANDS)
    ]
    with ExitStack() as stack:
        for command in commands:
            stack.enter_context(command)
        race.go()
        race.over()
    finishes = race.finishes()
    last = line.run(racer(surveyed.notification, environment, wait=PATIENCE))
    held = [hold for command in commands for hold in command.held]
    return Round(
        seed=seed,
        finishes=finishes,
        held=held,
        verdict=judge(look(site), undisturbed=surveyed.aftermath),
        complaints=(
            *complaints([*finishes, last]),
            *_about_the_lock(site, held),
            *(() if last.outcome in {"sent", "already_done"} else (f"not finished: {last}",)),
        ),
    )


def _leave_a_dead_lock(site: Site, notification: str) -> None:
    with site.database.connect("laboratory") as connection:
        long_ago = timedelta(minutes=-30)
        WebApplication(connection, notification, owner=DEAD, ahead=long_ago).insert()


def _about_the_lock(site: Site, held: Sequence[Held]) -> Iterator[str]:
    with site.database.connect("laboratory") as connection:
        for owner, other in connection.execute(STOLEN, (DEAD,)).fetchall():
            yield f"{owner} took the living lock of {other}"
        for hold in held:
            for (mail,) in connection.execute(CLAIMED, (hold.since, hold.until)).fetchall():
                yield f"{mail} was claimed while {hold.owner} had the lock"


class OldCommand:
    """A pod that starts its command again and again; `held` is when it had the lock."""

    def __init__(self, site: Site, notification: str, number: int, seed: int) -> None:
        self.held: list[Held] = []
        self._site = site
        self._notification = notification
        self._owner = f"old-command-{number}"
        self._chance = random.Random(seed)
        self._ahead = timedelta(minutes=self._chance.choice(CLOCKS))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self._owner)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with self._site.database.connect(self._owner) as connection:
            command = WebApplication(
                connection, self._notification, owner=self._owner, ahead=self._ahead
            )
            while not self._stop.wait(self._chance.uniform(0, LONGEST_WORK)):
                if command.begins():
                    self._work(command)

    def _work(self, command: WebApplication) -> None:
        asked = "SELECT clock_timestamp()"
        ((since,),) = command.connection.execute(asked).fetchall()
        self._stop.wait(self._chance.uniform(0, LONGEST_WORK))
        ((until,),) = command.connection.execute(asked).fetchall()
        command.ends()
        self.held.append(Held(self._owner, since, until))
