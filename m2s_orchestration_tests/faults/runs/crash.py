"""Every crash: at each statement and each SMTP command of a run, before and after, by SIGKILL.

The run is killed, its lease lapses, and the occurrence is run again to its end. Nobody may be told
twice or left out, and only what dies between the claim of a message and its testimony may be in
doubt: by then the message may be out, and nothing that is left of the run can tell.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.faults.bench.aftermath import Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.points import Dead
from m2s_orchestration_tests.faults.bench.processes import Before, Ended, Run
from m2s_orchestration_tests.faults.bench.survey import Moment, Snare, Survey, moments, survey
from m2s_orchestration_tests.faults.findings import Findings

NAME = "killed at every point"


@dataclass(frozen=True)
class Crash:
    """One run that was killed, and what the runs after it made of it."""

    at: Moment
    verdict: Verdict
    complaints: tuple[str, ...]


def explore(bench: Bench, *, full: bool) -> Findings:
    """Kill every notification's run at every moment; in short at a choice of them."""
    surveys = {item.name: survey(bench, item.name) for item in NOTIFICATIONS}
    chosen = moments(surveys.values(), full=full)
    with bench.hands() as hands:
        crashes = list(hands.map(lambda at: crash(bench, surveys[at.notification], at), chosen))
    return _findings(crashes)


def crash(bench: Bench, surveyed: Survey, at: Moment, *, before: Before = ()) -> Crash:
    """Kill a run at one moment and run it again to its end; `before` is done in it first."""
    run = run_of(at.notification)
    with bench.site() as site:
        snare = Snare(at, kill)
        with site.wires(snare) as wires:
            first = site.start(*run, wires=wires, before=before)
            killed = snare.set_for(first).ended()
        site.lapse()
        again = site.start(*run, before=before).ended()
        verdict = judge(look(site), undisturbed=surveyed.aftermath)
        complaints = [*_about_the_kill(snare, killed), *_about_the_doubt(site, at, again, verdict)]
        return Crash(at, verdict, tuple(complaints))


def kill(run: Run) -> None:
    """SIGKILL, and nothing of it goes on, on the wires either."""
    run.signal(signal.SIGKILL)
    raise Dead


def _about_the_kill(snare: Snare, killed: Ended) -> Iterator[str]:
    if not snare.sprung.is_set():
        yield f"the run never came so far: {killed.errors}"
    elif killed.status != -signal.SIGKILL:
        yield f"the run was not killed but ended with {killed.status}"


def _about_the_doubt(site: Site, at: Moment, again: Ended, verdict: Verdict) -> Iterator[str]:
    """What is in doubt is so for a reason, is seen everywhere, and stays as it is."""
    if not verdict.unknowns:
        if at.is_in_doubt:
            yield "a message that may be out is not in doubt"
        if again.status:
            yield f"the run after it was not green: {again.errors}"
        return
    if not at.is_in_doubt:
        yield "a message is in doubt that cannot be out, or must be"
    if (again.status, again.outcome) != (1, "incomplete"):
        yield f"the run after it was not red: {again.output}"
    if again.result.get("unknown") != verdict.unknowns:
        yield f"its figures do not count what is in doubt: {again.output}"
    listed = site.m2s("deliveries", "list", "--state", "unknown").output
    if listed.count(at.notification) != verdict.unknowns:
        yield f"m2s deliveries does not list what is in doubt: {listed}"
    taken = len(site.server.accepted)
    site.m2s(*run_of(at.notification))
    if len(site.server.accepted) != taken:
        yield "a machine sent again what was in doubt"


def _findings(crashes: Sequence[Crash]) -> Findings:
    return Findings(
        experiment=NAME,
        faults=len(crashes),
        runs=2 * len(crashes),
        duplicates=sum(item.verdict.duplicates for item in crashes),
        losses=sum(item.verdict.losses for item in crashes),
        unknowns=sum(item.verdict.unknowns for item in crashes),
        violations=tuple(
            f"{item.at}: {told}"
            for item in crashes
            for told in (*item.verdict.violations, *item.complaints)
        ),
    )
