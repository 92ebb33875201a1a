"""What must hold in every world of the model, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from m2s_orchestration_tests.faults.model.protocol import Move, holds
from m2s_orchestration_tests.faults.model.world import FORCED, World

Name = Literal["no duplicate", "no lie", "no needless doubt", "nothing stuck", "no act out of term"]

SAYS_UNSENT = ("planned", "retry", "failed", "expired")


def no_duplicate(world: World) -> str | None:
    """The server takes no message twice, unless a person or the declared policy said so."""
    for person in world.people:
        taken = sum(
            truth.taken
            for row, truth in zip(world.rows, world.truths, strict=True)
            if row.person == person
        )
        if taken > 1:
            return f"{person} has the mail {taken} times"
    return None


def no_lie(world: World) -> str | None:
    """`sent` was taken, and what is said to be unsent was not; unless a person said so."""
    for row, truth in zip(world.rows, world.truths, strict=True):
        if truth.is_said:
            continue
        if row.state == "sent" and not truth.was_taken:
            return f"the ledger says that {row.person}'s mail is sent, and it was never taken"
        if row.state in SAYS_UNSENT and truth.taken:
            return f"the ledger says that {row.person}'s mail is {row.state}, and it was taken"
    return None


def no_needless_doubt(world: World) -> str | None:
    """A delivery is in doubt only where its sender died, slept, was forced or got no answer."""
    for row, truth in zip(world.rows, world.truths, strict=True):
        if row.state == "unknown" and not truth.has_cause:
            return f"{row.person}'s mail is in doubt although nothing happened to its sender"
    return None


def nothing_left_behind(before: World, move: Move) -> str | None:
    """Half of `nothing stuck`: a run that comes to its end leaves nothing that others left.

    What a forced run leaves behind, it may have left after the sweep: the next run finds that.
    """
    ended = move.by
    if ended is None or ended.at != "end" or ended.is_forced or before.lease.owner != ended.owner:
        return None
    for row in move.world.rows:
        others = row.owner != ended.owner and not row.owner.startswith(FORCED)
        if row.state == "sending" and others:
            return f"{ended.owner} ended and {row.person}'s mail is still sending"
    return None


def no_act_out_of_term(before: World, move: Move) -> str | None:
    """Whoever has not the lease changes nothing in the ledger; but he may testify."""
    changed = (before.rows, before.occurrence) != (move.world.rows, move.world.occurrence)
    if not changed or move.by is None or move.by.at == "testify" or holds(before, move.by):
        return None
    return f"{move.by.owner} changed the ledger without the lease"


OF_EVERY_WORLD: dict[Name, Callable[[World], str | None]] = {
    "no duplicate": no_duplicate,
    "no lie": no_lie,
    "no needless doubt": no_needless_doubt,
}
OF_EVERY_MOVE: dict[Name, Callable[[World, Move], str | None]] = {
    "nothing stuck": nothing_left_behind,
    "no act out of term": no_act_out_of_term,
}
NAMES: tuple[Name, ...] = (*OF_EVERY_WORLD, *OF_EVERY_MOVE)
