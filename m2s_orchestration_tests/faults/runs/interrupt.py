"""Every interrupt: at each statement and each SMTP command of a run, before and after, by SIGTERM.

That is an eviction, a deadline, or a person who cancels the run. The message in hand is finished or
not begun, no other is begun, the lease is given back, and nothing is in doubt; a run after it sends
the rest.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.aftermath import Aftermath, Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, run_of
from m2s_orchestration_tests.faults.bench.points import Point
from m2s_orchestration_tests.faults.bench.processes import Before, Ended, Run
from m2s_orchestration_tests.faults.bench.survey import Moment, Snare, Survey, moments, survey
from m2s_orchestration_tests.faults.findings import Findings

NAME = "interrupted at every point"

# Here a message is begun and its dot is still to come.
IN_HAND = {
    *("MAIL", "RCPT", "DATA", "MAIL ahead", "RCPT ahead", "DATA ahead"),
    *("body", "load", "prepare load", "prepare claim", "claim"),
}


@dataclass(frozen=True)
class Interrupt:
    """One run that was told to stop, and what the run after it made of it."""

    at: Moment
    verdict: Verdict
    complaints: tuple[str, ...]


def explore(bench: Bench, *, full: bool) -> Findings:
    """Interrupt every notification's run at every moment; in short at a choice of them."""
    surveys = {item.name: survey(bench, item.name) for item in NOTIFICATIONS}
    chosen = moments(surveys.values(), full=full)
    with bench.hands() as hands:
        done = list(hands.map(lambda at: interrupt(bench, surveys[at.notification], at), chosen))
    return _findings(done)


def interrupt(bench: Bench, surveyed: Survey, at: Moment, *, before: Before = ()) -> Interrupt:
    """Interrupt a run at one moment and run it again to its end; `before` is done in it first."""
    run = run_of(at.notification)
    with bench.site() as site:
        snare = Snare(at, tell_to_stop)
        with site.wires(snare) as wires:
            first = site.start(*run, wires=wires, before=before)
            stopped = snare.set_for(first).ended()
            points = wires.points
        between = look(site)
        again = site.start(*run, before=before).ended()
        verdict = judge(look(site), undisturbed=surveyed.aftermath)
        complaints = [
            *_about_the_end(snare, stopped, between),
            *_about_what_it_finished(at, points),
            *([] if again.status == 0 else [f"the run after it was not green: {again.errors}"]),
        ]
        return Interrupt(at, verdict, tuple(complaints))


def tell_to_stop(run: Run) -> None:
    """SIGTERM; goes on when the process has taken it."""
    run.signal(signal.SIGTERM)
    eventually(lambda: not is_pending(run.pid, signal.SIGTERM))


def is_pending(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a signal that it has not taken yet."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd:", "ShdPnd:"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def _about_the_end(snare: Snare, stopped: Ended, between: Aftermath) -> Iterator[str]:
    if not snare.sprung.is_set():
        yield f"the run never came so far: {stopped.errors}"
    if stopped.status == -signal.SIGTERM:
        yield "the run died of it instead of ending"
    if stopped.status == 0 and set(between.states.values()) - {"sent"}:
        yield f"the run was green and left mail behind: {stopped.output}"
    if stopped.status and "told to stop" not in stopped.errors:
        yield f"it does not say why it ended: {stopped.errors!r}"
    if between.leases:
        yield f"the lease was not given back: {between.leases}"
    doubtful = [mail for mail, state in between.states.items() if state in {"sending", "unknown"}]
    if doubtful:
        yield f"left in doubt: {doubtful}"


def _about_what_it_finished(at: Moment, points: Sequence[Point]) -> Iterator[str]:
    """After the request no message is finished but the one in hand."""
    after = points[points.index(at.point) + 1 :] if at.point in points else []
    finished = sum(point.said == "dot" for point in after)
    if finished > (at.point.said in IN_HAND):
        yield f"it went on to send: {', '.join(map(str, after))}"


def _findings(interrupts: Sequence[Interrupt]) -> Findings:
    return Findings(
        experiment=NAME,
        faults=len(interrupts),
        runs=2 * len(interrupts),
        duplicates=sum(item.verdict.duplicates for item in interrupts),
        losses=sum(item.verdict.losses for item in interrupts),
        unknowns=sum(item.verdict.unknowns for item in interrupts),
        violations=tuple(
            f"{item.at}: {told}"
            for item in interrupts
            for told in (*item.verdict.violations, *item.complaints)
        ),
    )
