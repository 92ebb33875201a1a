"""What else may happen in a world of the model: runs that begin, and everything that goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from m2s_orchestration_tests.faults.model.protocol import Move, claim_takes, steps, take
from m2s_orchestration_tests.faults.model.rules import Rules
from m2s_orchestration_tests.faults.model.world import (
    FORCED,
    OPEN,
    Lease,
    Worker,
    World,
    with_cause,
    with_row,
    with_truth,
    without,
)


@dataclass(frozen=True)
class Bounds:
    """How large the worlds may grow; within these, everything is looked at."""

    people: tuple[str, ...] = ("Ann", "Bob")
    runs: int = 3
    at_once: int = 2
    faults: int = 3

    @property
    def beginning(self) -> World:
        """Nothing has happened yet."""
        return World(people=self.people, faults=self.faults)


def moves(world: World, bounds: Bounds, rules: Rules) -> Iterator[Move]:
    """Every way in which this world can go on."""
    for k, worker in enumerate(world.workers):
        for move in steps(world, k, rules):
            if move.faults <= world.faults:
                told = f"{worker.owner} {move.told}"
                yield _paid(move._replace(told=told, by=worker))
    if world.begun < bounds.runs and len(world.workers) < bounds.at_once:
        yield from begin(world, rules)
    yield from term(world)
    yield from ghost(world, rules)
    if world.faults:
        for move in (*deaths(world), *lateness(world), *settlements(world)):
            yield _paid(move)


def _paid(move: Move) -> Move:
    if not move.faults:
        return move
    return move._replace(world=move.world._replace(faults=move.world.faults - move.faults))


def begin(world: World, rules: Rules) -> Iterator[Move]:
    """A run takes the lease, or takes over one whose term is past; a forced run goes without."""
    number = world.begun + 1
    is_free = not world.lease.owner
    owner = f"run {number}" if rules.names_each_process else "run"
    if is_free or not world.lease.is_live or not rules.takes_over_only_what_lapsed:
        told = f"{owner} takes the lease" + ("" if is_free else f" over from {world.lease.owner}")
        yield Move(told, _begun(world, Worker(owner))._replace(lease=Lease(owner, is_live=True)))
    if world.lease.is_live and world.faults:
        owner = f"{FORCED} {number}"
        yield _paid(Move(f"{owner} begins", _begun(world, Worker(owner)), faults=1))


def _begun(world: World, worker: Worker) -> World:
    return world._replace(workers=(*world.workers, worker), begun=world.begun + 1)


def term(world: World) -> Iterator[Move]:
    """The term passes: that of the living only if they are kept from renewing it."""
    lease = world.lease
    if not lease.owner:
        return
    holder_lives = any(worker.owner == lease.owner for worker in world.workers)
    if lease.is_live:
        lapsed = world._replace(lease=Lease(lease.owner, is_live=False))
        if not holder_lives:
            yield Move(f"the term of {lease.owner}, who is gone, passes", lapsed)
        elif world.faults:
            told = f"{lease.owner} is paused until its term is past"
            yield _paid(Move(told, with_cause(lapsed, lease.owner), faults=1))
        return
    if holder_lives:
        renewed = world._replace(lease=Lease(lease.owner, is_live=True))
        yield Move(f"{lease.owner} goes on and renews its lease", renewed)
    yield Move("the web application deletes the expired lease", world._replace(lease=Lease()))


def ghost(world: World, rules: Rules) -> Iterator[Move]:
    """A claim comes through that nobody hears of."""
    if not world.ghost:
        return
    sender, number = world.ghost
    gone = world._replace(ghost=None)
    if not claim_takes(world, sender, number, rules):
        yield Move(f"the claim of {sender.owner} comes through, in vain", gone)
        return
    taken = take(gone, sender, number)
    if not any(_waits_for(worker, sender) for worker in world.workers):
        taken = with_truth(taken, number, has_cause=True)
    yield Move(f"the claim of {sender.owner} comes through", taken)


def _waits_for(worker: Worker, sender: Worker) -> bool:
    return (
        worker.at in {"claim again", "is claimed"}
        and worker.owner == sender.owner
        and worker.in_hand == sender.in_hand
    )


def deaths(world: World) -> Iterator[Move]:
    """A process is killed."""
    for k, worker in enumerate(world.workers):
        yield Move(f"{worker.owner} is killed", with_cause(without(world, k), worker.owner), 1)


def lateness(world: World) -> Iterator[Move]:
    """The mail is too late to be of use."""
    if any(not row.is_late for row in world.rows):
        late = tuple(row._replace(is_late=True) for row in world.rows)
        yield Move("the mail is too late now", world._replace(rows=late), 1)


def settlements(world: World) -> Iterator[Move]:
    """A person says how a delivery ended, or to send it again; so may a declared policy."""
    for number, row in enumerate(world.rows):
        if row.state in {"unknown", "failed", "expired"}:
            told = f"a person says to send {row.person}'s mail again"
            yield Move(told, sent_again(world, number), 1)
        if row.state == "unknown":
            for word in ("sent", "failed"):
                said = with_truth(world, number, is_said=True)
                told = f"a person says that {row.person}'s mail is {word}"
                yield Move(told, with_row(said, number, state=word), 1)


def sent_again(world: World, number: int) -> World:
    """The message has another chance."""
    again = with_row(world, number, state="retry", is_late=False)
    chance = world.truths[number].chance + 1
    again = with_truth(again, number, taken=0, chance=chance, has_cause=False, is_said=False)
    return again._replace(occurrence="decided")


def is_at_rest(world: World) -> bool:
    """Whether no run has anything to do."""
    return (
        not world.workers
        and world.occurrence == "done"
        and not any(row.state in OPEN or row.state == "sending" for row in world.rows)
    )
