"""A point is a statement or an SMTP command of a run, and each has two sides: before and after.

The same run has the same points every time, and one that serves one message at a time has them in
the same order over all of its connections.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import m2s_orchestration
from m2s_orchestration.postgres import NAME

Wire = Literal["database", "mail"]
Side = Literal["before", "after"]

PACKAGE = Path(m2s_orchestration.__file__).parent
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Point:
    """One exchange with a server, the `nth` of what is `said` (from 1).

    `said` is a statement's name in our files, the first words of another, or a command.
    """

    wire: Wire
    said: str
    nth: int

    def __str__(self) -> str:
        return f"{self.said} {self.nth}"


class Cut(Exception):
    """Raised by a trap: the connection breaks here."""


class Dead(Cut):
    """Raised by a trap that killed the run: what it had said elsewhere goes no further either."""


@dataclass(frozen=True)
class Encounter:
    """A point that is reached, on one side of it.

    On the side `before` the server has heard nothing of it; on the side `after` it has done it, and
    the run has not had the answer. `backend` is the process of the database server, 0 for mail.
    """

    point: Point
    side: Side
    backend: int = 0


# What an experiment does at an encounter; it may raise Cut.
Trap = Callable[[Encounter], None]


class Log:
    """Keeps the points in the order in which they come, and lets a trap act at each.

    Of a run with one hand that is the same order every time: what could overtake waits. Of one with
    several there is no such order, and a wait for one hand could keep the word of another that it
    waits for. It may be used from several threads.
    """

    def __init__(self, trap: Trap | None = None, *, hands: int = 1) -> None:
        self.points: list[Point] = []
        self._trap = trap
        self._keeps_order = hands == 1
        self._counts: Counter[str] = Counter()
        self._bodies_on_their_way = 0
        self._testimonies_due = 0
        self._is_dead = False
        self._turn = threading.Condition()

    def reach(self, wire: Wire, said: str) -> Point:
        """The next point. Raises Cut when the run is dead."""
        with self._turn:
            if self._is_dead:
                raise Cut
            self._counts[said] += 1
            point = Point(wire, said, self._counts[said])
            self.points.append(point)
        return point

    def body_is_on_its_way(self, change: int) -> None:
        """One body more is expected, or (-1) one has passed."""
        with self._turn:
            self._bodies_on_their_way += change
            self._turn.notify_all()

    def wait_for_bodies(self) -> None:
        """A body has no reply: whoever sent it may speak to the database before it has passed."""
        with self._turn:
            self._turn.wait_for(lambda: not self._keeps_order or self._bodies_on_their_way == 0)

    def testimony_is_due(self) -> None:
        """A dot has its answer, which the run is to record."""
        with self._turn:
            self._testimonies_due += 1

    def testimony_is_given(self) -> None:
        """The run has recorded what it was told of its dot."""
        with self._turn:
            self._testimonies_due = 0
            self._turn.notify_all()

    def has_testimony(self, within: float) -> bool:
        """Whether nobody waits for the testimony about a dot any more, or the run is dead."""
        with self._turn:
            return self._turn.wait_for(
                lambda: self._is_dead or not (self._keeps_order and self._testimonies_due), within
            )

    def meet(self, point: Point, side: Side, backend: int = 0) -> None:
        """Let the trap act. Raises Cut."""
        try:
            if self._trap:
                self._trap(Encounter(point, side, backend))
        except Dead:
            with self._turn:
                self._is_dead = True
                self._turn.notify_all()
            raise


def name_of(statement: str) -> str:
    """A statement's name in our `.sql` files; of any other its first words."""
    known = _names().get(_squeezed(statement))
    return known or " ".join(statement.split()[:2]).upper()


@cache
def _names() -> dict[str, str]:
    found = {}
    for file in PACKAGE.rglob("*.sql"):
        text = file.read_text(encoding="utf-8")
        heads = list(NAME.finditer(text))
        ends = [*(head.start() for head in heads[1:]), len(text)]
        for head, end in zip(heads, ends, strict=False):
            found[_squeezed(_numbered(text[head.end() : end]))] = head["name"]
    return found


def _numbered(statement: str) -> str:
    """As it goes over the wire: `$1` for the first name that is bound, and so on."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    return PLACEHOLDER.sub(number, statement).replace("%%", "%")


def _squeezed(statement: str) -> str:
    return " ".join(statement.split()).rstrip(";")
