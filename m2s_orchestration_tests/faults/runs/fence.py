"""Every pause: a run is stopped past its term, another takes over, and the first goes on.

It is stopped by SIGSTOP at each statement and each SMTP command, before and after, as a process is
that a virtual machine, a debugger or a starved node holds. The other sends everything, or it finds
no mail server and leaves everything to be sent. When the first goes on it records and sends nothing
more, but for the dot and the testimony of a message that it had claimed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from m2s_orchestration.delivery.hand import CLAIM_HOLDS_FOR
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.faults.bench.aftermath import Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.processes import Before, Ended, Run
from m2s_orchestration_tests.faults.bench.survey import (
    PATIENCE,
    Moment,
    Snare,
    Survey,
    moments,
    survey,
)
from m2s_orchestration_tests.faults.findings import Findings

NAME = "paused at every point"

# A pause inside a transaction that holds the lease lasts until the database ends it, ten seconds
# later: most of the time is waiting, and in short a few of them do.
HANDS = 8
NO_MAIL_SERVER = {"EMAIL_PORT": "9"}
# From here on a run could send what the one that took over left.
COULD_SEND = {
    *("BEGIN", "unsent", "load", "connect to the mail server", "EHLO", "MAIL", "RCPT", "DATA"),
    *("MAIL ahead", "RCPT ahead", "DATA ahead", "body", "claim", "dot", "testify"),
}
ENOUGH_OF_A_TRANSACTION = {"fence", "open_occurrence", "plan", "sweep", "close_occurrence"}

# By the run that was paused, as its run id tells: a sweep writes in its owner's name as well.
RECORDED_AFTER_THE_TAKEOVER = """
WITH paused AS (
    SELECT taken_over.at, acquired.run_id
    FROM m2s_orchestration.lease_event AS taken_over
    JOIN m2s_orchestration.lease_event AS acquired
      ON acquired.owner = taken_over.other AND acquired.event = 'acquired'
    WHERE taken_over.event = 'taken_over'
)
SELECT attempt.state FROM paused
JOIN m2s_orchestration.attempt ON attempt.run_id = paused.run_id AND attempt.at > paused.at
UNION ALL
SELECT 'decided' FROM paused
JOIN m2s_orchestration.occurrence ON occurrence.run_id = paused.run_id AND decided_at > paused.at
"""


@dataclass(frozen=True)
class Pause:
    """One run that was stopped while another took over, and went on."""

    at: Moment
    verdict: Verdict
    complaints: tuple[str, ...]


class Stop:
    """Stops a run and holds it there until it is told to go on."""

    def __init__(self) -> None:
        self.is_stopped = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, run: Run) -> None:
        """Done to a run by a snare; what is on the wires waits as well."""
        run.signal(signal.SIGSTOP)
        self.is_stopped.set()
        self.may_go_on.wait(PATIENCE)
        # The term was lapsed by hand: for the run as well so much time is to have passed.
        threading.Event().wait(CLAIM_HOLDS_FOR)
        run.signal(signal.SIGCONT)


def explore(bench: Bench, *, full: bool) -> Findings:
    """Pause every notification's run at every moment; in short at a choice of them."""
    surveys = {item.name: survey(bench, item.name) for item in NOTIFICATIONS}
    cases = [
        (at, other)
        for at in _moments(surveys, full=full)
        for other in ({}, NO_MAIL_SERVER)
        if at.point.said in COULD_SEND or not other
    ]
    with bench.hands(HANDS) as hands:
        done = hands.map(
            lambda case: pause(bench, surveys[case[0].notification], case[0], other=case[1]), cases
        )
        return _findings(list(done))


def _moments(surveys: Mapping[str, Survey], *, full: bool) -> list[Moment]:
    return [
        at
        for at in moments(surveys.values(), full=full)
        if full
        or at.point.said in ENOUGH_OF_A_TRANSACTION
        or at.point not in surveys[at.notification].within_transactions
    ]


def pause(
    bench: Bench,
    surveyed: Survey,
    at: Moment,
    *,
    other: Mapping[str, str] = MappingProxyType({}),
    before: Before = (),
) -> Pause:
    """Pause a run at one moment, let another take over and end, and let it go on.

    `other` is what is different in the other's environment; `before` is done in both first.
    """
    run = run_of(at.notification)
    with bench.site() as site:
        stop = Stop()
        snare = Snare(at, stop)
        with site.wires(snare) as wires:
            paused = snare.set_for(site.start(*run, wires=wires, before=before))
            came = stop.is_stopped.wait(PATIENCE)
            site.lapse()
            meanwhile = site.start(*run, environment=other, before=before).ended()
            stop.may_go_on.set()
            ended = paused.ended()
        recorded = _recorded_after_the_takeover(site)
        last = site.m2s(*run)
        verdict = judge(look(site), undisturbed=surveyed.aftermath)
        complaints = [
            *([] if came else ["it never came so far"]),
            *_about_the_takeover(at, meanwhile, may_be_red=bool(other)),
            *_about_the_doubt(at, recorded, verdict),
            *_about_its_end(ended),
            *([f"the last run was not green: {last.errors}"] if last.status else []),
        ]
        return Pause(at, verdict, tuple(complaints))


def _recorded_after_the_takeover(site: Site) -> list[str]:
    with site.database.connect("laboratory") as connection:
        return [state for (state,) in connection.execute(RECORDED_AFTER_THE_TAKEOVER)]


def _about_the_takeover(at: Moment, other: Ended, *, may_be_red: bool) -> Iterator[str]:
    in_doubt = int(at.is_in_doubt)
    if other.result.get("unknown") != in_doubt:
        yield f"the run that took over told of another doubt: {other.output}{other.errors}"
    if other.status and not (in_doubt or may_be_red):
        yield f"the run that took over was not green: {other.output}{other.errors}"


def _about_the_doubt(at: Moment, recorded: list[str], verdict: Verdict) -> Iterator[str]:
    if recorded != _expected(at):
        yield f"after the takeover it recorded {recorded}"
    if verdict.unknowns:
        yield "a message stayed in doubt although its sender could tell of it"


def _expected(at: Moment) -> list[str]:
    """The word of the paused run on the message that it had claimed."""
    if not at.is_in_doubt:
        return []
    # The claim's answer came late, and a late one is not good for the dot.
    return ["retry"] if at.point.said == "claim" else ["sent"]


def _about_its_end(ended: Ended) -> Iterator[str]:
    """What it says of itself is no lie: it is red where it could not do what it had begun."""
    if ended.status not in {0, 1, 75}:
        yield f"it ended with {ended.status}: {ended.errors}"
    if "Traceback" in ended.errors:
        yield f"it broke: {ended.errors}"


def _findings(pauses: Sequence[Pause]) -> Findings:
    return Findings(
        experiment=NAME,
        faults=len(pauses),
        runs=3 * len(pauses),
        duplicates=sum(item.verdict.duplicates for item in pauses),
        losses=sum(item.verdict.losses for item in pauses),
        unknowns=sum(item.verdict.unknowns for item in pauses),
        violations=tuple(
            f"{item.at}: {told}"
            for item in pauses
            for told in (*item.verdict.violations, *item.complaints)
        ),
    )
