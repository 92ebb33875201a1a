"""Looks at every world within the bounds, nearest first, and tells the shortest way to a fault.

Two things are asked. Does every invariant hold in every world? And can all come to rest from every
world: if nothing more goes wrong, do the living workers and then one run more leave nothing open?
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from m2s_orchestration_tests.faults.model.faults import Bounds, is_at_rest, moves
from m2s_orchestration_tests.faults.model.invariants import (
    NAMES,
    OF_EVERY_MOVE,
    OF_EVERY_WORLD,
    Name,
)
from m2s_orchestration_tests.faults.model.protocol import Move, steps
from m2s_orchestration_tests.faults.model.rules import Rules
from m2s_orchestration_tests.faults.model.world import Lease, Worker, World

LONGEST_CALM = 200
RESCUE = "the next run"


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold, and the shortest way there."""

    invariant: Name
    why: str
    way: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{number:3}. {told}" for number, told in enumerate(self.way, start=1)]
        return "\n".join((f"{self.invariant}: {self.why}", *lines))


@dataclass
class Searched:
    """What was seen: worlds, and how often a fault or a new run led from one to the other."""

    worlds: int = 0
    faults: int = 0
    runs: int = 0
    broken: Broken | None = None


@dataclass
class Search:
    """One search through the worlds that these rules allow."""

    rules: Rules
    bounds: Bounds
    asked: tuple[Name, ...] = NAMES
    _came: dict[World, tuple[World, str] | None] = field(default_factory=dict)
    _rest: dict[World, bool] = field(default_factory=dict)

    def run(self) -> Searched:
        """Every world in turn, until an invariant is broken."""
        with _no_collection():
            return self._run()

    def _run(self) -> Searched:
        beginning = self.bounds.beginning
        self._came = {beginning: None}
        seen = Searched(worlds=1)
        waiting = deque([beginning])
        while waiting:
            world = waiting.popleft()
            if "nothing stuck" in self.asked and (why := self._is_stuck(world)):
                seen.broken = Broken("nothing stuck", why, self._way_to(world))
                return seen
            for move in moves(world, self.bounds, self.rules):
                seen.faults += move.faults
                seen.runs += move.world.begun - world.begun
                is_new = move.world not in self._came
                if is_new:
                    self._came[move.world] = (world, move.told)
                    waiting.append(move.world)
                if broken := self._broken(world, move, is_new=is_new):
                    seen.broken = broken
                    return seen
        seen.worlds = len(self._came)
        return seen

    @property
    def seen(self) -> Iterable[World]:
        """Every world that was looked at."""
        return self._came.keys()

    def _broken(self, world: World, move: Move, *, is_new: bool) -> Broken | None:
        told: dict[Name, str | None] = {}
        if is_new:
            told |= {name: holds(move.world) for name, holds in OF_EVERY_WORLD.items()}
        told |= {name: holds(world, move) for name, holds in OF_EVERY_MOVE.items()}
        for name, why in told.items():
            if why and name in self.asked:
                return Broken(name, why, (*self._way_to(world), move.told))
        return None

    def _way_to(self, world: World) -> tuple[str, ...]:
        way: list[str] = []
        while came := self._came[world]:
            world, told = came
            way.append(told)
        return tuple(reversed(way))

    def _is_stuck(self, world: World) -> str | None:
        """Why this world cannot come to rest, or None."""
        path: list[World] = []
        while world not in self._rest:
            path.append(world)
            if not world.workers:
                self._rest[world] = is_at_rest(_rescued(world, self.rules))
                break
            world = _calm_step(world, self.rules)
            if len(path) > LONGEST_CALM:
                return "the workers never come to an end"
        rests = self._rest[world]
        self._rest.update(dict.fromkeys(path, rests))
        return None if rests else "nobody brings to an end what is left open here"


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of tuples hold no circle, and to look for one takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _calm_step(world: World, rules: Rules) -> World:
    """The first living worker goes on, and nothing goes wrong."""
    return next(steps(world, 0, rules)).world


def _rescued(world: World, rules: Rules) -> World:
    """What becomes of a world without workers: terms pass, and one more run begins."""
    if is_at_rest(world) and not world.lease.owner:
        return world
    owner = RESCUE if rules.names_each_process else "run"
    world = world._replace(
        lease=Lease(owner, is_live=True), workers=(Worker(owner),), faults=0, ghost=None
    )
    for _ in range(LONGEST_CALM):
        if not world.workers:
            break
        world = _calm_step(world, rules)
    return world
