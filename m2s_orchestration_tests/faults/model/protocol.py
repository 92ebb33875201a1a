"""The protocol by which a mail leaves once, as a model: read this to learn it.

A world is what the database holds, where each worker is in its run, and what the mail server really
took. `moves` gives every way in which a world can go on: a worker's next step, or something that
goes wrong. One step is one statement or transaction of `m2s_orchestration.delivery`, or one word to
the mail server; the database makes such steps happen one after the other, so the model may too.

A run goes like this:

    take the lease ─ record ─ sweep ─ list ─┬─ offer ─ claim ─ dot ─ testify ─┬─ close ─ end
                                            └──────── the next message ───────┘

What the model leaves out: the clock (a term passes when it passes, and a pause may be as long as it
likes), several connections of one run (each message is in one hand only), and what is written where
nothing is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from m2s_orchestration_tests.faults.model.rules import Rules
from m2s_orchestration_tests.faults.model.world import (
    OPEN,
    Lease,
    Row,
    Truth,
    Worker,
    World,
    at,
    at_next_message,
    with_row,
    with_truth,
    without,
)


class Move(NamedTuple):
    """One way to go on, and whose step it is. What costs a fault is bounded."""

    told: str
    world: World
    faults: int = 0
    by: Worker | None = None


Moves = Iterator[Move]


def steps(world: World, k: int, rules: Rules) -> Moves:
    """What worker `k` may do next; first what it does when nothing goes wrong."""
    return STEPS[world.workers[k].at](world, k, rules)


def holds(world: World, worker: Worker) -> bool:
    """The fence: the lease row is the worker's and its term lasts. A forced run asks nobody."""
    return worker.is_forced or (world.lease.owner == worker.owner and world.lease.is_live)


def record(world: World, k: int, rules: Rules) -> Moves:
    """One transaction: the occurrence, and a row for each message; nothing if it was decided."""
    worker = world.workers[k]
    if world.occurrence and rules.keys_the_plan_by_its_subject:
        yield Move("finds the occurrence decided", at(world, k, "sweep"))
    elif rules.records_in_the_name_of_the_lease and not holds(world, worker):
        yield Move("cannot record: the lease is lost", at(world, k, "give up"))
    else:
        planned = tuple(Row(person) for person in world.people)
        yield Move(
            "records the decision: every message is planned",
            at(world, k, "sweep")._replace(
                occurrence="decided",
                rows=world.rows + planned,
                truths=world.truths + tuple(Truth() for _ in planned),
            ),
        )


def sweep(world: World, k: int, rules: Rules) -> Moves:
    """What a holder that is gone was sending is in doubt; what is too late is not sent."""
    worker = world.workers[k]
    if rules.sweeps_in_the_name_of_the_lease and not holds(world, worker):
        yield Move("cannot sweep: the lease is lost", at(world, k, "give up"))
        return
    spares = not rules.sweeps or (worker.is_forced and rules.forces_nobody_into_doubt)
    doubtful = "unknown" if rules.sweeps_into_doubt else "retry"
    swept = world
    for number, row in enumerate(world.rows):
        if row.state == "sending" and row.owner != worker.owner and not spares:
            swept = with_row(swept, number, state=doubtful)
        elif row.is_late and (row.state in OPEN or not rules.expires_only_the_unsent):
            swept = with_row(swept, number, state="expired")
    found = "; ".join(f"{row.person} is {row.state}" for row in set(swept.rows) - set(world.rows))
    yield Move(f"sweeps: {found or 'all is in order'}", at(swept, k, "list"))


def list_unsent(world: World, k: int, rules: Rules) -> Moves:
    """The messages to be offered, in the order of their rows."""
    todo = tuple(
        number
        for number, row in enumerate(world.rows)
        if _is_offered(row, rules) and not row.is_late
    )
    listed = at(world, k, "offer" if todo else "close", todo=todo)
    yield Move(f"lists {len(todo)} to be offered", listed)


def offer(world: World, k: int, rules: Rules) -> Moves:
    """Load the row; then MAIL, RCPT, DATA and the whole body, without the final dot."""
    row = world.rows[world.workers[k].in_hand]
    if not _is_offered(row, rules):
        yield Move(f"does not offer {row.person}'s mail: {row.state}", at_next_message(world, k))
        return
    whole = at(world, k, "claim") if rules.claims_before_the_dot else at_dot(world, k)
    yield Move(f"offers {row.person}'s mail, all but the dot", whole)
    for answer, code in (("retry", "4xx"), ("failed", "5xx")):
        told = f"offers {row.person}'s mail; the server says {code}"
        yield Move(told, at(world, k, "refuse", answer=answer), faults=1)
    yield Move("stops: its deadline is past", at(world, k, "close"), faults=1)


def claim(world: World, k: int, rules: Rules) -> Moves:
    """One statement: if the lease is ours and the row is open, it is ours to send."""
    worker = world.workers[k]
    row = world.rows[worker.in_hand]
    if not rules.commits_before_the_dot:
        yield from _claim_without_commit(world, k, rules)
        return
    if not rules.claims_while_it_holds_the_lease and worker.answer != "looked":
        seen = at(world, k, "claim", answer="looked") if holds(world, worker) else None
        yield Move("looks at its lease", seen or withdrawn(world, k))
        return
    taken = claimed(world, k, rules)
    if taken:
        yield Move(f"claims {row.person}'s row", at_dot(taken, k))
        yield Move(
            f"claims {row.person}'s row and hears no answer", at(taken, k, "claim again"), faults=1
        )
    else:
        yield Move(f"cannot claim {row.person}'s row", withdrawn(world, k))
    unheard = at(world, k, "claim again")
    yield Move("claims and is not heard", unheard, faults=1)
    if not world.ghost:
        told = "claims; the statement is on its way and the answer never comes"
        yield Move(told, unheard._replace(ghost=(worker, worker.in_hand)), faults=1)


def _claim_without_commit(world: World, k: int, rules: Rules) -> Moves:
    """Nobody else sees such a claim; it ends with its process, or as an idle transaction."""
    person = world.rows[world.workers[k].in_hand].person
    if claimed(world, k, rules):
        yield Move(f"claims {person}'s row, and does not commit", at_dot(world, k))
    else:
        yield Move(f"cannot claim {person}'s row", withdrawn(world, k))


def claim_again(world: World, k: int, rules: Rules) -> Moves:
    """After a lost answer, on a new connection and still before the dot."""
    taken = claimed(world, k, rules)
    if taken:
        yield Move("claims again", at_dot(taken, k))
    elif rules.asks_whether_it_claimed:
        yield Move("claims again, in vain", at(world, k, "is claimed"))
    else:
        yield Move("claims again, in vain, and withdraws", withdrawn(world, k))


def is_claimed(world: World, k: int, rules: Rules) -> Moves:
    """Perhaps it was our own first claim that took hold."""
    worker = world.workers[k]
    row = world.rows[worker.in_hand]
    if row.state == "sending" and row.owner == worker.owner:
        yield Move("finds the row claimed in its name", at_dot(world, k))
    else:
        yield Move("finds the row not claimed in its name, and withdraws", withdrawn(world, k))


def claimed(world: World, k: int, rules: Rules) -> World | None:
    """The world after the claim, or None if no row comes back."""
    worker = world.workers[k]
    if not claim_takes(world, worker, worker.in_hand, rules):
        return None
    return take(world, worker, worker.in_hand)


def claim_takes(world: World, worker: Worker, number: int, rules: Rules) -> bool:
    """The claim's condition: the fence, and the row as it must be."""
    row = world.rows[number]
    asks = rules.claims_in_the_name_of_the_lease and rules.claims_while_it_holds_the_lease
    is_open = _is_offered(row, rules) or not rules.claims_only_the_open
    return (holds(world, worker) or not asks) and is_open and not row.is_late


def take(world: World, worker: Worker, number: int) -> World:
    """The row says from now on that its dot may go out, and who sends it."""
    taken = with_row(world, number, state="sending", owner=worker.owner)
    # A forced run works beside a holder, who may rightly take it for gone.
    return with_truth(taken, number, has_cause=worker.is_forced)


def at_dot(world: World, k: int) -> World:
    """All is ready for the dot, in the chance that the message has now."""
    return at(world, k, "dot", chance=world.truths[world.workers[k].in_hand].chance)


def withdrawn(world: World, k: int) -> World:
    """The connection is dropped without the dot: nothing was sent. The fence says how to go on."""
    return at_next_message(world, k) if holds(world, world.workers[k]) else at(world, k, "close")


def dot(world: World, k: int, rules: Rules) -> Moves:
    """The final dot. Now the server has the message, or has not, and says so, or is silent."""
    worker = world.workers[k]
    person = world.rows[worker.in_hand].person
    taken, lost = accepted(world, k), world
    yield Move(f"sends the dot: {person}'s mail is taken", at(taken, k, "testify", answer="sent"))
    for there, answer, told in (
        (taken, "unknown", "it is taken, and the answer is lost"),
        (lost, "unknown", "it is lost, and so is the answer"),
        (lost, "retry", "the server says 4xx"),
        (lost, "failed", "the server says 5xx"),
    ):
        answered = at(there, k, "testify", answer=answer)
        yield Move(f"sends the dot of {person}'s mail: {told}", answered, faults=1)


def accepted(world: World, k: int) -> World:
    """The server took the message. It counts for the chance that the sender was given."""
    worker = world.workers[k]
    truth = world.truths[worker.in_hand]
    taken = truth.taken + (worker.chance == truth.chance)
    return with_truth(world, worker.in_hand, taken=taken, was_taken=True)


def testify(world: World, k: int, rules: Rules) -> Moves:
    """What the server answered is recorded by whoever sent the dot, however late."""
    worker = world.workers[k]
    number, answer = worker.in_hand, worker.answer
    row = world.rows[number]
    if answer == "unknown" and not rules.takes_silence_for_doubt:
        answer = "retry"
    told = with_cause_known(world, worker, has_cause=answer == "unknown")
    if _may_testify(row, worker, rules):
        told = with_row(told, number, state=answer, owner=worker.owner)
        yield Move(f"records that {row.person}'s mail is {answer}", at_next_message(told, k))
    else:
        yield Move(f"cannot record that {row.person}'s mail is {answer}", at_next_message(told, k))
    away = with_cause_known(world, worker, has_cause=True)
    yield Move("cannot testify: the database is away", at(away, k, "close"), faults=1)


def with_cause_known(world: World, worker: Worker, *, has_cause: bool) -> World:
    """Whether the message may still be doubted, now that its sender has its answer."""
    if worker.chance != world.truths[worker.in_hand].chance:
        return world
    return with_truth(world, worker.in_hand, has_cause=has_cause)


def _may_testify(row: Row, worker: Worker, rules: Rules) -> bool:
    if not (rules.claims_before_the_dot and rules.commits_before_the_dot):
        return row.state in OPEN
    if rules.testifies_for_itself_only and row.owner != worker.owner:
        return False
    is_news = worker.answer != "unknown" and rules.hears_late_testimony
    return row.state == "sending" or (row.state == "unknown" and is_news)


def refuse(world: World, k: int, rules: Rules) -> Moves:
    """The server's no before the dot, recorded in the name of the lease."""
    worker = world.workers[k]
    row = world.rows[worker.in_hand]
    is_open = row.state in OPEN or not rules.refuses_only_the_open
    may = holds(world, worker) or not rules.refuses_in_the_name_of_the_lease
    if is_open and may:
        refused = with_row(world, worker.in_hand, state=worker.answer, owner=worker.owner)
        yield Move(
            f"records that {row.person}'s mail is {worker.answer}", at_next_message(refused, k)
        )
    else:
        yield Move(f"cannot record the refusal of {row.person}'s mail", withdrawn(world, k))


def close(world: World, k: int, rules: Rules) -> Moves:
    """The occurrence is done if nothing of it is left to send."""
    if rules.closes_in_the_name_of_the_lease and not holds(world, world.workers[k]):
        yield Move("cannot close: the lease is lost", at(world, k, "give up"))
        return
    is_over = not any(row.state in OPEN or row.state == "sending" for row in world.rows)
    closed = world._replace(occurrence="done") if is_over else world
    told = "closes the occurrence" if is_over else "leaves the occurrence open"
    yield Move(told, at(closed, k, "end"))


def end(world: World, k: int, rules: Rules) -> Moves:
    """The lease is given back if it is still ours; the run is over."""
    is_ours = world.lease.owner == world.workers[k].owner or not rules.releases_only_its_own
    over = without(world, k)
    yield Move("ends", over._replace(lease=Lease()) if is_ours else over)


def _is_offered(row: Row, rules: Rules) -> bool:
    return row.state in OPEN or (row.state == "sending" and not rules.never_resends)


STEPS: dict[str, Callable[[World, int, Rules], Moves]] = {
    "record": record,
    "sweep": sweep,
    "list": list_unsent,
    "offer": offer,
    "claim": claim,
    "claim again": claim_again,
    "is claimed": is_claimed,
    "dot": dot,
    "testify": testify,
    "refuse": refuse,
    "close": close,
    "end": end,
    "give up": end,
}
