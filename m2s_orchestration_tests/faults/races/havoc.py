"""What befalls the racers of a round: kills, pauses and terms that lapse, at moments of chance.

By the clock they meet whoever is there, or whoever holds the lease; an ambush waits at a statement
or a command for whoever comes. What and when is drawn beforehand, all of it from one seed.
"""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from m2s_orchestration_tests.faults.bench.bench import Site
from m2s_orchestration_tests.faults.bench.points import Cut, Encounter, Point, Side, Trap
from m2s_orchestration_tests.faults.bench.survey import SIDES

# Of ten blows: the racer is killed; it sleeps; it goes on, but its term is over.
BLOWS: tuple[Literal["kill", "pause", "lapse"], ...] = (*6 * ("kill",), *3 * ("pause",), "lapse")
LONGEST_PAUSE = 0.8  # seconds

LAPSE = """
UPDATE cronjob_locks SET expires_at = clock_timestamp() - interval '1 second'
WHERE split_part(locked_by, '-', -3) = %s
"""


class Racing(Protocol):
    """Processes that are under way."""

    @property
    def pids(self) -> Sequence[int]:
        """Their ids."""

    def signal(self, racer: int, number: signal.Signals) -> None:
        """Send one of them a signal; harmless if it has ended."""


@dataclass(frozen=True)
class Blow:
    """What happens to a racer; after so many seconds its term is over, if it holds the lease."""

    kind: Literal["kill", "pause", "lapse"]
    lapses_after: float
    continues_after: float


@dataclass
class Ambush:
    """Waits until that is said for the last of `left` times, by whomever."""

    said: str
    side: Side
    left: int
    blow: Blow


class Havoc:
    """Befalls one round. `begin` it when the racers are let go, `end` it when they are over."""

    def __init__(self, site: Site, seed: int) -> None:
        self.chance = random.Random(seed)
        self.pauses = 0
        self.ambushed = 0
        self._site = site
        self._racing: Racing | None = None
        self._ambushes: list[Ambush] = []
        self._timers: list[threading.Timer] = []
        self._turn = threading.RLock()
        self._is_over = False

    def lay_ambushes(self, points: Sequence[Point], number: int) -> None:
        """At so many points, of those that an undisturbed run has."""
        for point in self.chance.choices(points, k=number):
            side = self.chance.choice(SIDES)
            self._ambushes.append(Ambush(point.said, side, point.nth, self._draw()))

    def trap(self, racer: int) -> Trap:
        """The trap in the wires of one racer."""

        def meet(encounter: Encounter) -> None:
            blow = self._sprung(encounter)
            if blow:
                self._strike(racer, blow)
                if blow.kind == "kill":
                    raise Cut

        return meet

    def begin(self, racing: Racing, *, strikes: int, within: float) -> None:
        """From now on: strike so many times, half of them at whoever holds the lease by then."""
        self._racing = racing
        for number in range(strikes):
            racer = self.chance.randrange(len(racing.pids))
            strike = self._clock_strike(self._draw(), None if number % 2 else racer)
            self._later(self.chance.uniform(0, within), strike)

    def end(self) -> None:
        """Nothing befalls anybody any more."""
        with self._turn:
            self._is_over = True
        for timer in self._timers:
            timer.cancel()
            timer.join()

    def _draw(self) -> Blow:
        return Blow(
            kind=self.chance.choice(BLOWS),
            lapses_after=self.chance.uniform(0, LONGEST_PAUSE / 2),
            continues_after=self.chance.uniform(0, LONGEST_PAUSE),
        )

    def _sprung(self, encounter: Encounter) -> Blow | None:
        """The blow of the first ambush that has waited for this."""
        with self._turn:
            for ambush in self._ambushes:
                if (ambush.said, ambush.side) == (encounter.point.said, encounter.side):
                    ambush.left -= 1
                    if ambush.left <= 0:
                        self._ambushes.remove(ambush)
                        self.ambushed += 1
                        return ambush.blow
        return None

    def _clock_strike(self, blow: Blow, racer: int | None) -> Callable[[], None]:
        """At one racer, or at whoever holds the lease."""

        def strike() -> None:
            struck = self._holder() if racer is None else racer
            if struck is not None:
                self._strike(struck, blow)

        return strike

    def _holder(self) -> int | None:
        assert self._racing
        with self._site.database.connect("laboratory") as connection:
            rows = connection.execute("SELECT locked_by FROM cronjob_locks").fetchall()
        holders = {pid_of(owner) for (owner,) in rows} & set(self._racing.pids)
        return self._racing.pids.index(holders.pop()) if holders else None

    def _strike(self, racer: int, blow: Blow) -> None:
        assert self._racing
        self._later(blow.lapses_after, lambda: self._lapse(racer))
        if blow.kind == "kill":
            self._signal(racer, signal.SIGKILL)
        if blow.kind == "pause":
            self.pauses += 1
            self._signal(racer, signal.SIGSTOP)
            self._later(blow.continues_after, lambda: self._signal(racer, signal.SIGCONT))

    def _signal(self, racer: int, number: signal.Signals) -> None:
        assert self._racing
        with self._turn:
            # When all is over the process's id may be another's.
            if not self._is_over:
                self._racing.signal(racer, number)

    def _lapse(self, racer: int) -> None:
        """Let its term be over, as if a minute had passed."""
        assert self._racing
        with self._site.database.connect("laboratory") as connection:
            connection.execute(LAPSE, (str(self._racing.pids[racer]),))

    def _later(self, seconds: float, deed: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, deed)
        timer.daemon = True
        with self._turn:
            if not self._is_over:
                self._timers.append(timer)
                timer.start()


def pid_of(owner: str) -> int:
    """The process that an owner of a lease is."""
    return int(owner.split("-")[-3])
