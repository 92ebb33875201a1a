"""A run that nobody disturbs: which points it has, and what it leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from m2s_orchestration_tests.faults.bench.aftermath import Aftermath, look
from m2s_orchestration_tests.faults.bench.bench import Bench, run_of
from m2s_orchestration_tests.faults.bench.points import Encounter, Point, Side
from m2s_orchestration_tests.faults.bench.processes import Run

SIDES: tuple[Side, ...] = ("before", "after")
PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Moment:
    """One side of one point of a notification's run."""

    notification: str
    point: Point
    side: Side

    @property
    def is_in_doubt(self) -> bool:
        """Whether a message is claimed and its testimony is not recorded: it may be out."""
        return (self.point.said, self.side) in {
            ("claim", "after"),
            ("dot", "before"),
            ("dot", "after"),
            ("prepare testify", "before"),
            ("prepare testify", "after"),
            ("testify", "before"),
        }

    def __str__(self) -> str:
        return f"{self.notification}, {self.side} {self.point}"


@dataclass(frozen=True)
class Survey:
    """The points of an undisturbed run, and what it left."""

    notification: str
    points: tuple[Point, ...]
    aftermath: Aftermath

    @property
    def within_transactions(self) -> set[Point]:
        """The points at which a transaction is open, its BEGIN and its COMMIT among them."""
        found: set[Point] = set()
        is_open = False
        for point in self.points:
            is_open = is_open or point.said.startswith("BEGIN")
            if is_open:
                found.add(point)
            is_open = is_open and point.said != "COMMIT"
        return found


def survey(bench: Bench, notification: str) -> Survey:
    """Run it once, undisturbed."""
    with bench.site() as site, site.wires() as wires:
        ended = site.start(*run_of(notification), wires=wires).ended()
        found = look(site)
        assert ended.status == 0, ended.errors
        # Some only change the club.
        assert set(found.states.values()) <= {"sent"}, found.states
        return Survey(notification, tuple(wires.points), found)


def moments(surveys: Iterable[Survey], *, full: bool) -> list[Moment]:
    """Every moment of every run; in short the first of each statement and each command."""
    chosen: list[Moment] = []
    seen: set[str] = set()
    for surveyed in surveys:
        for point in surveyed.points:
            if full or point.said not in seen:
                seen.add(point.said)
                chosen += [Moment(surveyed.notification, point, side) for side in SIDES]
    return chosen


class Snare:
    """A trap for one run at one moment: `act` is done to the run there, once."""

    def __init__(self, at: Moment, act: Callable[[Run], None]) -> None:
        self.at = at
        self.sprung = threading.Event()
        self._act = act
        self._run: Run | None = None
        self._is_set = threading.Event()

    def set_for(self, run: Run) -> Run:
        """The run is under way: this is the one to catch."""
        self._run = run
        self._is_set.set()
        return run

    def __call__(self, encounter: Encounter) -> None:
        """A trap (see `points.Trap`)."""
        if (encounter.point, encounter.side) != (self.at.point, self.at.side):
            return
        self._is_set.wait(PATIENCE)
        assert self._run
        self.sprung.set()
        self._act(self._run)
