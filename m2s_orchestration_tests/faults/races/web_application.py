"""Beside the web application: its old command and our run of one name, on one lock.

While a club moves over, both exist. Its command looks at an expired row and saves it later, deletes
by its pod's clock, and asks nothing when it works; ours must give way wherever that takes our lock,
and never touch a lock of theirs that lives.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.bench.survey import survey
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.races.interleavings import Tally, interleave
from m2s_orchestration_tests.faults.races.intrusions import (
    NOTIFICATION,
    Outcome,
    counted,
    intrude,
    intrusions,
    wait_for_theirs,
)
from m2s_orchestration_tests.faults.races.side_by_side import Round, race_beside

NAME = "beside the web application"
LANES = 3

CANNOT_BE_PREVENTED = (
    "no lock can prevent that both mail: a command of theirs that runs by force, that goes on"
    " although its row is gone, that had just ended, or that never took the lock; what it mails is"
    " in no ledger, so its CronJob has to be suspended first"
)


def explore(bench: Bench, *, full: bool, seed: int | None = None) -> Findings:
    """Every order of statements, every point of a run, hundreds of rounds; in short a few."""
    chance = random.Random(secrets.randbits(32) if seed is None else seed)
    tally = interleave(bench, every=1 if full else 50)
    surveyed = survey(bench, NOTIFICATION)
    with bench.hands() as hands:
        waited = hands.submit(lambda: tuple(wait_for_theirs(bench, surveyed)))
        chosen = intrusions(surveyed, full=full)
        outcomes = list(hands.map(partial(intrude, bench, surveyed), chosen))
        seeds = [chance.getrandbits(32) for _ in range(300 if full else 12)]
        lanes = [seeds[number::LANES] for number in range(LANES)]
        rounds = list(chain.from_iterable(hands.map(partial(race_beside, bench, surveyed), lanes)))
    findings = _findings(tally, outcomes, rounds)
    return replace(findings, violations=(*findings.violations, *waited.result()))


def _findings(tally: Tally, outcomes: Sequence[Outcome], rounds: Sequence[Round]) -> Findings:
    verdicts = [*(item.verdict for item in outcomes), *(item.verdict for item in rounds)]
    held = sum(len(item.held) for item in rounds)
    return Findings(
        experiment=NAME,
        faults=tally.orders + len(outcomes) + held,
        runs=2 * len(outcomes) + sum(len(item.finishes) + 1 for item in rounds),
        duplicates=sum(verdict.duplicates for verdict in verdicts),
        losses=sum(verdict.losses for verdict in verdicts),
        unknowns=sum(verdict.unknowns for verdict in verdicts),
        violations=(*tally.violations, *_violations(outcomes, rounds)),
        remarks=(*_remarks(tally, outcomes, rounds, held), CANNOT_BE_PREVENTED),
    )


def _violations(outcomes: Sequence[Outcome], rounds: Sequence[Round]) -> Iterator[str]:
    for outcome in outcomes:
        for what in (*outcome.verdict.violations, *outcome.complaints):
            yield f"{outcome.intrusion}: {what}"
    for item in rounds:
        for what in (*item.verdict.violations, *item.complaints):
            yield f"side by side, seed {item.seed}: {what}"


def _remarks(
    tally: Tally, outcomes: Sequence[Outcome], rounds: Sequence[Round], held: int
) -> Iterator[str]:
    yield (
        f"{tally.orders} orders of statements: our living row was written over in"
        f" {tally.overwritten} and deleted in {tally.deleted}; {tally.claims} claims of ours"
    )
    ends = ", ".join(f"{outcome} {count}" for outcome, count in counted(outcomes).items())
    yield f"{len(outcomes)} intrusions into whole runs; of those whose lock was taken: {ends}"
    theirs = sum(item.both_of_theirs for item in rounds)
    yield (
        f"{len(rounds)} rounds side by side: they had the lock {held} times, and {theirs} times two"
        " of them at once"
    )
