"""A world of the model: the database, the workers, and what the mail server really took."""

from __future__ import annotations

from typing import Any, NamedTuple

OPEN = ("planned", "retry")
FORCED = "forced run"


class Lease(NamedTuple):
    """The row of `cronjob_locks`; without an owner there is none."""

    owner: str = ""
    is_live: bool = False


class Row(NamedTuple):
    """A delivery as the ledger has it."""

    person: str
    state: str = "planned"
    owner: str = ""
    is_late: bool = False


class Truth(NamedTuple):
    """What became of a delivery really. No worker can see it; the invariants compare it.

    A message has one chance to be sent, and one more each time a person or the declared policy says
    so. `taken` is how often the server took it in its present chance, `was_taken` whether ever.
    """

    taken: int = 0
    was_taken: bool = False
    chance: int = 0
    # Somebody died, slept or got no answer over it, so that nobody can know how it ended.
    has_cause: bool = False
    # A person said how it ended: then that is not the protocol's word.
    is_said: bool = False


class Worker(NamedTuple):
    """A living process and where it is in its run."""

    owner: str
    at: str = "record"
    todo: tuple[int, ...] = ()
    answer: str = ""
    chance: int = 0

    @property
    def in_hand(self) -> int:
        """Which delivery it is about to bring out."""
        return self.todo[0]

    @property
    def is_forced(self) -> bool:
        return self.owner.startswith(FORCED)


class World(NamedTuple):
    """Everything there is at one moment. `faults` is how many more may happen."""

    people: tuple[str, ...]
    faults: int
    lease: Lease = Lease()
    occurrence: str = ""
    rows: tuple[Row, ...] = ()
    truths: tuple[Truth, ...] = ()
    workers: tuple[Worker, ...] = ()
    begun: int = 0
    # A claim that is still under way to the database although nobody waits for it, and of what.
    ghost: tuple[Worker, int] | None = None


def at(world: World, k: int, place: str, **changes: Any) -> World:
    """Worker `k` has come to this place of its run."""
    worker = world.workers[k]._replace(at=place, **changes)
    return world._replace(workers=(*world.workers[:k], worker, *world.workers[k + 1 :]))


def at_next_message(world: World, k: int) -> World:
    """Worker `k` is done with what it had in hand."""
    rest = world.workers[k].todo[1:]
    return at(world, k, "offer" if rest else "close", todo=rest, answer="", chance=0)


def without(world: World, k: int) -> World:
    """Worker `k` is no more."""
    return world._replace(workers=world.workers[:k] + world.workers[k + 1 :])


def with_row(world: World, number: int, **changes: Any) -> World:
    """The ledger's row changes."""
    row = world.rows[number]._replace(**changes)
    return world._replace(rows=(*world.rows[:number], row, *world.rows[number + 1 :]))


def with_truth(world: World, number: int, **changes: Any) -> World:
    """What is really the case changes."""
    truth = world.truths[number]._replace(**changes)
    return world._replace(truths=(*world.truths[:number], truth, *world.truths[number + 1 :]))


def with_cause(world: World, owner: str) -> World:
    """Whatever this owner is sending may rightly be doubted from now on."""
    for number, row in enumerate(world.rows):
        if row.state == "sending" and row.owner == owner:
            world = with_truth(world, number, has_cause=True)
    return world
