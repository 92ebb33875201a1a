"""What becomes of a run that its database fails: its words, and what the next one makes of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from m2s_orchestration import postgres
from m2s_orchestration.delivery import hand
from m2s_orchestration_tests.faults.aftermath import Aftermath, Verdict, judge, look
from m2s_orchestration_tests.faults.bench import Site, run_of
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.points import Encounter, Point, Side
from m2s_orchestration_tests.faults.processes import Ended

# What a person who reads the sentence can do next.
REMEDY = re.compile(
    r"run (it )?again|[Aa] new run sends|Check DATABASE_URL|Name the primary|m2s deliveries settle"
    r"|m2s locks|m2s doctor"
)
Colour = Literal["green", "red", "either"]


@dataclass(frozen=True)
class Fault:
    """A fault of the database, and what may come of it.

    `colour` is the disturbed run's, and `says` a pattern that its words fit. `doubts` is how many
    messages are left in doubt because nothing that is left can tell; `keeps_lease` whether the run
    may be unable to give its lease back, `loses_lease` whether somebody else takes it.
    """

    name: str
    notification: str
    colour: Colour = "either"
    says: str = ""
    doubts: int = 0
    keeps_lease: bool = False
    loses_lease: bool = False


@dataclass(frozen=True)
class Outcome:
    """One fault, and what three witnesses and the runs themselves say of it."""

    fault: Fault
    disturbed: Ended
    verdict: Verdict
    complaints: tuple[str, ...] = field(default=())


class Once:
    """A trap that acts at one encounter and lets all others pass (see `points.Trap`)."""

    def __init__(self, point: Point, side: Side, act: Callable[[Encounter], None]) -> None:
        self.sprung = threading.Event()
        self._point, self._side = point, side
        self._act = act

    def __call__(self, encounter: Encounter) -> None:
        if (encounter.point, encounter.side) != (self._point, self._side):
            return
        self.sprung.set()
        self._act(encounter)


def impatient(locks: float = 15.0, idle: float = 10.0) -> None:
    """For the run's process: give up asking soon, and wait so many seconds at the most."""
    hand.TESTIFY_AGAIN_AFTER = hand.CLAIM_AGAIN_AFTER = (0.1, 0.2)
    postgres.GUARDS["lock_timeout"] = timedelta(seconds=locks)
    postgres.GUARDS["idle_in_transaction_session_timeout"] = timedelta(seconds=idle)


def conclude(
    site: Site,
    fault: Fault,
    disturbed: Ended,
    *,
    undisturbed: Aftermath,
    sprung: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """The fault is over: run the occurrence again to its end, and judge what both runs left.

    `sprung` is whether the run came to where the fault was to be.
    """
    complaints = [*_about_the_run(fault, disturbed), *_about_the_lease(site, fault)]
    if not sprung:
        complaints.append(f"the run never came so far: {disturbed.errors}")
    site.lapse()
    again = site.m2s(*run_of(fault.notification), environment=environment)
    verdict = judge(look(site), undisturbed=undisturbed)
    complaints += _about_the_doubt(site, fault, again, verdict)
    return Outcome(fault, disturbed, verdict, tuple(complaints))


def findings(experiment: str, outcomes: Sequence[Outcome], *remarks: str) -> Findings:
    """The figures of all of them."""
    return Findings(
        experiment=experiment,
        faults=len(outcomes),
        runs=2 * len(outcomes),
        duplicates=sum(item.verdict.duplicates for item in outcomes),
        losses=sum(item.verdict.losses for item in outcomes),
        unknowns=sum(item.verdict.unknowns for item in outcomes),
        violations=tuple(
            f"{item.fault.notification}, {item.fault.name}: {told}"
            for item in outcomes
            for told in (*item.verdict.violations, *item.complaints)
        ),
        remarks=remarks,
    )


def _about_the_run(fault: Fault, disturbed: Ended) -> Iterator[str]:
    """A run that did not come to its end says why and what to do, in a sentence."""
    colour = {0: "green", 1: "red"}.get(disturbed.status, str(disturbed.status))
    if colour not in {"green", "red"} or fault.colour not in {"either", colour}:
        yield f"the run was {colour}: {disturbed.output} {disturbed.errors}"
    if not re.search(fault.says, disturbed.errors):
        yield f"the run does not say {fault.says!r} but {disturbed.errors!r}"
    if disturbed.status and disturbed.outcome != "incomplete":
        yield f"the red run's outcome is {disturbed.outcome!r}"
    if disturbed.status and not REMEDY.search(disturbed.errors):
        yield f"the red run names no remedy: {disturbed.errors}"
    if "Traceback" in disturbed.errors:
        yield f"the run fell: {disturbed.errors}"


def _about_the_lease(site: Site, fault: Fault) -> Iterator[str]:
    with site.database.connect("laboratory") as connection:
        held = connection.execute("SELECT locked_by FROM cronjob_locks").fetchall()
        lost = connection.execute(
            "SELECT owner FROM m2s_orchestration.lease_event WHERE event = 'lost'"
        ).fetchall()
    if held and not fault.keeps_lease:
        yield "the run did not give its lease back"
    if bool(lost) != fault.loses_lease:
        yield f"the lease is noted as lost by {lost}"


def _about_the_doubt(site: Site, fault: Fault, again: Ended, verdict: Verdict) -> Iterator[str]:
    """What is in doubt is so for a reason, is seen everywhere, and stays as it is."""
    if verdict.unknowns != fault.doubts:
        yield f"{verdict.unknowns} messages are in doubt and not {fault.doubts}"
    if not verdict.unknowns:
        if again.status:
            yield f"the run after it was not green: {again.errors}"
        return
    if (again.status, again.outcome) != (1, "incomplete"):
        yield f"the run after it was not red: {again.output}"
    if again.result.get("unknown") != verdict.unknowns:
        yield f"its figures do not count what is in doubt: {again.output}"
    listed = site.m2s("deliveries", "list", "--state", "unknown").output
    if listed.count(fault.notification) != verdict.unknowns:
        yield f"m2s deliveries does not list what is in doubt: {listed}"
    taken = len(site.server.accepted)
    site.m2s(*run_of(fault.notification))
    if len(site.server.accepted) != taken:
        yield "a machine sent again what was in doubt"
