"""A slow database: answers that come late, one of them after somebody else has taken over.

What is carried out is carried out at once; the answer is held on the wire, as a disk does that
takes its time at a COMMIT.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from m2s_orchestration.delivery import hand, lease
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.points import Encounter, Point, Side
from m2s_orchestration_tests.faults.bench.survey import Survey, survey
from m2s_orchestration_tests.faults.database.outcomes import (
    Fault,
    Once,
    Outcome,
    conclude,
    findings,
    impatient,
)
from m2s_orchestration_tests.faults.findings import Findings

NAME = "the database is slow"

NOTIFICATION = "notify_aging_logsheets"
SLOW = frozenset({"acquire", "COMMIT", "claim", "testify", "release"})

CLAIM = Point("database", "claim", 1)
TESTIFY = Point("database", "testify", 1)

Others = Callable[[Site], list[str]]


def explore(bench: Bench, *, full: bool) -> Findings:
    """All of them side by side; in full with the times that a run really has."""
    surveyed = survey(bench, NOTIFICATION)
    trials: list[Callable[[], Outcome]] = [
        lambda: late(bench, surveyed, seconds=3.0 if full else 0.8, margin=2.0 if full else 0.5),
        lambda: silent(bench, surveyed, seconds=10.0 if full else 0.5),
        lambda: overtaken(bench, surveyed, (CLAIM, "after"), taken_over),
        lambda: overtaken(bench, surveyed, (CLAIM, "after"), taken_over_and_settled),
        lambda: overtaken(bench, surveyed, (TESTIFY, "before"), taken_over),
    ]
    with bench.hands() as hands:
        outcomes = list(hands.map(lambda trial: trial(), trials))
    return findings(NAME, outcomes)


def late(bench: Bench, surveyed: Survey, *, seconds: float, margin: float) -> Outcome:
    """Every answer to what is written comes late, a claim's after what it required of the lease."""
    fault = Fault(f"every answer comes {seconds} s late", NOTIFICATION, colour="green")

    def delay(encounter: Encounter) -> None:
        if encounter.side == "after" and encounter.point.said in SLOW:
            threading.Event().wait(seconds)

    with bench.site() as site:
        with site.wires(delay) as wires:
            run = site.start(*run_of(NOTIFICATION), wires=wires, before=(claims_hold_for, margin))
            disturbed = run.ended()
            asked = {point.said for point in wires.points}
        assert "is_claimed" in asked, "no claim was late"
        return conclude(site, fault, disturbed, undisturbed=surveyed.aftermath)


def silent(bench: Bench, surveyed: Survey, *, seconds: float) -> Outcome:
    """The run says nothing for too long in the middle of its decision, and the server ends it."""
    fault = Fault(
        f"the run is silent for more than {seconds} s in a transaction",
        NOTIFICATION,
        colour="red",
        says="idle-in-transaction",
    )
    with bench.site() as site:
        trap = Once(
            Point("database", "plan", 1), "before", lambda encounter: _until_ended(site, encounter)
        )
        with site.wires(trap) as wires:
            before = (impatient, 15.0, seconds)
            disturbed = site.start(*run_of(NOTIFICATION), wires=wires, before=before).ended()
        return conclude(site, fault, disturbed, undisturbed=surveyed.aftermath)


def overtaken(bench: Bench, surveyed: Survey, where: tuple[Point, Side], others: Others) -> Outcome:
    """The database is so slow that the lease ends; what the others do is done by then."""
    point, side = where
    fault = Fault(f"{others.__name__} {side} {point}", NOTIFICATION, colour="red", loses_lease=True)
    complaints: list[str] = []
    with bench.site() as site:

        def overtake(_: Encounter) -> None:
            complaints.extend(others(site))
            # The term was lapsed by hand: for the run as well so much time is to have passed.
            threading.Event().wait(hand.CLAIM_HOLDS_FOR)

        trap = Once(point, side, overtake)
        with site.wires(trap) as wires:
            run = site.start(*run_of(NOTIFICATION), wires=wires, before=(without_heartbeat,))
            disturbed = run.ended()
        outcome = conclude(
            site, fault, disturbed, sprung=trap.sprung.is_set(), undisturbed=surveyed.aftermath
        )
        return replace(outcome, complaints=(*complaints, *outcome.complaints))


def taken_over(site: Site) -> list[str]:
    """Another run takes over, sends the rest, and names as in doubt what it finds begun."""
    site.lapse()
    other = site.m2s(*run_of(NOTIFICATION))
    if (other.status, other.result.get("unknown"), other.result.get("sent")) != (1, 1, 1):
        return [f"the run that took over did not sweep and go on: {other.output} {other.errors}"]
    return []


def taken_over_and_settled(site: Site) -> list[str]:
    """And a person who finds no trace of the one in doubt lets it be sent."""
    complaints = taken_over(site)
    with site.database.connect("laboratory") as connection:
        ((delivery_id,),) = connection.execute(
            "SELECT id FROM m2s_orchestration.delivery WHERE state = 'unknown'"
        ).fetchall()
    reason = "nothing in the mail server's log"
    settled = site.m2s("deliveries", "settle", str(delivery_id), "retry", "--reason", reason)
    sent = site.m2s(*run_of(NOTIFICATION))
    if (settled.status, sent.status, sent.result.get("sent")) != (0, 0, 1):
        complaints.append(f"what a person settled did not go: {settled.errors} {sent.errors}")
    return complaints


def claims_hold_for(seconds: float) -> None:
    """For the run's process: how long after it asked a claim is good for the dot."""
    hand.CLAIM_HOLDS_FOR = seconds


def without_heartbeat() -> None:
    """For the run's process: the database is too slow to hear of it."""
    lease.HEARTBEAT = timedelta(hours=1)


def _until_ended(site: Site, encounter: Encounter) -> None:
    def is_over() -> bool:
        return not connection.execute(
            "SELECT FROM pg_stat_activity WHERE pid = %s", (encounter.backend,)
        ).fetchall()

    with site.database.connect("laboratory") as connection:
        eventually(is_over, within=60.0)
