"""What must hold of every case, whatever the server does, and what did not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.repertoire.case import PEOPLE
from m2s_orchestration_tests.faults.repertoire.operator import listed_reasons, sentence
from m2s_orchestration_tests.faults.repertoire.trial import Delivery, Seen, State

TOLD = len(PEOPLE)
NOT_OUT = frozenset({"planned", "retry", "failed", "skipped", "expired"})
OVER = frozenset({"sent", "failed", "unknown"})


def duplicates(seen: Seen) -> list[str]:
    """Who got a mail twice."""
    return [person for person, copies in seen.well.received.items() if copies > 1]


def losses(seen: Seen) -> list[str]:
    """Who got no mail, and nobody is told of it."""
    named = {"failed", "unknown", "planned", "retry"}
    missing = [item.address for item in seen.well.deliveries if item.state not in named]
    return [person for person in missing if not seen.well.received[person]]


def unknowns(seen: Seen) -> int:
    """How many are named as being in doubt."""
    return sum(item.state == "unknown" for item in seen.well.deliveries)


def complaints(seen: Seen) -> Iterator[str]:
    """What else did not hold, as sentences."""
    for when, state in (("while it is ill", seen.ill), ("when it is well", seen.well)):
        for told in (*_lies(state), *_left_over(state), *_colour(state)):
            yield f"{when}: {told}"
    yield from _unlawful_doubt(seen)
    yield from _unserved(seen)
    yield from _unfinished(seen)
    yield from _unsaid(seen)


def _lies(state: State) -> Iterator[str]:
    for item in state.deliveries:
        copies = state.received[item.address]
        if item.state == "sent" and not copies:
            yield f"{item.address} is said to be told and is not"
        if item.state in NOT_OUT and copies:
            yield f"{item.address} is told and the ledger has {item.state}"


def _left_over(state: State) -> Iterator[str]:
    if len(state.deliveries) != TOLD:
        yield f"{len(state.deliveries)} deliveries are recorded"
    for item in state.deliveries:
        if item.state == "sending":
            yield f"{item.address} is left as sending"
    for owner in state.leases:
        yield f"the lease is left with {owner}"


def _colour(state: State) -> Iterator[str]:
    """A run is green if everybody is told, or was refused in an earlier run that said so."""
    is_open = [item.state for item in state.deliveries if item.state not in {"sent", "failed"}]
    failed_now = state.result["failed"]
    if (state.run.status == 0) != (not is_open and not failed_now):
        yield f"the run ended with {state.run.status} over {is_open} and {failed_now} failed"
    if state.run.status and not state.run.errors.startswith("m2s: "):
        yield f"a red run does not say why: {state.run.errors!r}"


def _unlawful_doubt(seen: Seen) -> Iterator[str]:
    if unknowns(seen) and not seen.case.may_be_out:
        yield "something is in doubt although no dot went without an answer"


def _unserved(seen: Seen) -> Iterator[str]:
    """Who could have been told by the first run is told by it."""
    told_all, spared = seen.case.takes_all, seen.case.one_is_the_cause
    for item in seen.ill.deliveries[0 if told_all else 1 if spared else TOLD :]:
        if item.state != "sent":
            yield f"{item.address} is {item.state} although the server would have taken the mail"


def _unfinished(seen: Seen) -> Iterator[str]:
    """What was not refused and is not in doubt goes out as soon as the server is well."""
    for before, after in zip(seen.ill.deliveries, seen.well.deliveries, strict=True):
        expected = before.state if before.state in OVER else "sent"
        if after.state != expected:
            yield f"{after.address} was {before.state} and is {after.state}"


def _unsaid(seen: Seen) -> Iterator[str]:
    """Whatever is not out has a reason where the operator looks."""
    listed = listed_reasons(seen.listed)
    for item in seen.ill.deliveries:
        if item.state != "sent" and listed.get(item.address) != _packed(item):
            yield f"m2s deliveries list does not say of {item.address}: {item.state} {item.reason}"
        if item.state not in {"sent", "planned"} and not item.reason:
            yield f"{item.address} is {item.state} without a reason"
    waits = any(item.state == "planned" for item in seen.ill.deliveries)
    if waits and not sentence(seen.ill):
        yield "nobody says why mail was left"


def _packed(item: Delivery) -> str:
    return "".join((item.state + item.reason).split())


def findings(experiment: str, tried: Sequence[Seen]) -> Findings:
    """All cases together."""
    return Findings(
        experiment=experiment,
        faults=len(tried),
        runs=2 * len(tried),
        duplicates=sum(len(duplicates(seen)) for seen in tried),
        losses=sum(len(losses(seen)) for seen in tried),
        unknowns=sum(unknowns(seen) for seen in tried),
        violations=tuple(
            f"{seen.case.name}: {told}" for seen in tried for told in complaints(seen)
        ),
    )
