"""Races: dozens of processes run one occurrence at once, and are killed and paused by chance.

A round begins with a ledger that knows of nothing. Racers are let go together; some wait for the
lease, some do not, and a few were told to go ahead without it. Blows fall by the clock, and where
the racers' words go over wires, at points of the run as well. In the end the term of whoever still
has the lease lapses, and one more run finishes. Nobody may be told twice or left out, and only what
a racer had claimed who was killed may be in doubt.
"""

from __future__ import annotations

import random
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import chain

from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.faults.bench.aftermath import Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.survey import Survey, survey
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.races.fresh_ledger import FreshLedger
from m2s_orchestration_tests.faults.races.havoc import Havoc, pid_of
from m2s_orchestration_tests.faults.races.starting_line import (
    Finish,
    Race,
    StartingLine,
    WholeRuns,
    complaints,
    racer,
)
from m2s_orchestration_tests.smtp_server import SmtpServer

NAME = "raced"

# More at once would need more connections than the server grants.
LANES = 3
PATIENCE = 4  # seconds that a racer waits for the lease, if it waits at all
KINDS = ("racers", "racers over wires")

UNKNOWN = "SELECT message_id, owner FROM m2s_orchestration.delivery WHERE state = 'unknown'"
CLAIMED_TOO_LATE = """
SELECT delivery.message_id, delivery.owner
FROM m2s_orchestration.delivery
JOIN m2s_orchestration.lease_event AS own
    ON own.owner = delivery.owner AND own.event IN ('acquired', 'taken_over')
JOIN m2s_orchestration.lease_event AS next
    ON next.event IN ('acquired', 'taken_over') AND next.id > own.id
WHERE next.at < delivery.claimed_at
"""


@dataclass(frozen=True)
class Heat:
    """What is run in one round; `again` runs it once more."""

    kind: str
    notification: str
    racers: int
    seed: int


@dataclass(frozen=True)
class Run:
    """A round that is over."""

    heat: Heat
    finishes: Sequence[Finish]
    pauses: int
    ambushes: int
    verdict: Verdict
    complaints: tuple[str, ...]


def explore(bench: Bench, *, full: bool, seed: int | None = None) -> Findings:
    """Two hundred rounds of fifty racers and some of whole runs; in short a few of each."""
    heats = _heats(full=full, seed=secrets.randbits(32) if seed is None else seed)
    with bench.hands(LANES) as hands:
        names = sorted({heat.notification for heat in heats})
        surveys = dict(zip(names, hands.map(partial(survey, bench), names), strict=True))
        lanes = [heats[number::LANES] for number in range(LANES)]
        runs = list(chain.from_iterable(hands.map(partial(_lane, bench, surveys), lanes)))
    return _findings(runs)


def again(bench: Bench, heat: Heat) -> Run:
    """The same round once more, with the blows drawn as before."""
    surveyed = survey(bench, heat.notification)
    (run,) = _lane(bench, {heat.notification: surveyed}, [heat])
    return run


def _heats(*, full: bool, seed: int) -> list[Heat]:
    chance = random.Random(seed)
    names = [item.name for item in NOTIFICATIONS]
    rounds, racers, whole_rounds, whole_runs = (200, 50, 10, 10) if full else (6, 20, 1, 6)
    kinds = [(KINDS[number % 2], racers) for number in range(rounds)]
    kinds += [("whole runs", whole_runs)] * whole_rounds
    return [
        Heat(kind, names[number // 2 % len(names)], racers, chance.getrandbits(32))
        for number, (kind, racers) in enumerate(kinds)
    ]


def _lane(bench: Bench, surveys: Mapping[str, Survey], heats: Sequence[Heat]) -> list[Run]:
    """Round after round for one club, which is put back to what it was before each."""
    runs = []
    with bench.site() as lane, StartingLine(lane.folder) as line:
        ledger = FreshLedger(lane.database)
        for number, heat in enumerate(heats):
            ledger.restore()
            with SmtpServer() as server:
                site = Site(lane.database, server, lane.folder / f"round-{number}")
                try:
                    runs.append(_run(heat, site, line, surveys[heat.notification]))
                except AssertionError as error:
                    error.add_note(f"{heat}, to be run once more by `again`")
                    raise
    return runs


def _run(heat: Heat, site: Site, line: StartingLine, surveyed: Survey) -> Run:
    havoc = Havoc(site, heat.seed)
    with ExitStack() as stack:
        race = _lined_up(heat, site, line, surveyed, havoc, stack)
        stack.callback(havoc.end)
        havoc.begin(race, strikes=heat.racers // 4, within=2.0)
        race.go()
        race.over()
    finishes = race.finishes()
    site.lapse()
    last = _last_run(heat, site, line)
    verdict = judge(look(site), undisturbed=surveyed.aftermath)
    # Of a clean-up there is nothing to tell anybody.
    done = "sent" if surveyed.aftermath.states else "nothing_to_send"
    return Run(
        heat=heat,
        finishes=finishes,
        pauses=havoc.pauses,
        ambushes=havoc.ambushed,
        verdict=verdict,
        complaints=(
            *complaints(finishes, done=done),
            *_about_claims(site, finishes),
            *_about_the_last(last, verdict, done=done),
        ),
    )


def _lined_up(
    heat: Heat,
    site: Site,
    line: StartingLine,
    surveyed: Survey,
    havoc: Havoc,
    stack: ExitStack,
) -> Race | WholeRuns:
    waits = [havoc.chance.choice((0, PATIENCE)) for _ in range(heat.racers)]
    if heat.kind == "whole runs":
        return WholeRuns(
            [site.start(*run_of(heat.notification), "--wait", str(wait)) for wait in waits]
        )
    on_wires = heat.kind == "racers over wires"
    if on_wires:
        havoc.lay_ambushes(surveyed.points, 8)
    forced = havoc.chance.choice((0, 0, 2))
    hands = havoc.chance.choice((1, 2))
    racers = []
    for number, wait in enumerate(waits):
        wires = site.wires(havoc.trap(number), hands=hands) if on_wires else None
        if wires:
            stack.enter_context(wires)
        environment = site._environment(wires, hands=hands)
        racers.append(racer(heat.notification, environment, wait=wait, force=number < forced))
    return line.line_up(racers)


def _last_run(heat: Heat, site: Site, line: StartingLine) -> Finish:
    return line.run(racer(heat.notification, site._environment(None), wait=PATIENCE))


def _about_claims(site: Site, finishes: Sequence[Finish]) -> Iterator[str]:
    killed = {finish.pid for finish in finishes if finish.was_killed}
    with site.database.connect("laboratory") as connection:
        for mail, owner in connection.execute(UNKNOWN).fetchall():
            if pid_of(owner) not in killed:
                yield f"{mail} is in doubt, and {owner} was not killed"
        for mail, owner in connection.execute(CLAIMED_TOO_LATE).fetchall():
            yield f"{owner} claimed {mail} when the lease was another's"


def _about_the_last(last: Finish, verdict: Verdict, *, done: str) -> Iterator[str]:
    if last.unknown != verdict.unknowns:
        yield f"the last run does not count what is in doubt: {last}"
    if last.outcome not in ({"incomplete"} if verdict.unknowns else {done, "already_done"}):
        yield f"the last run did not finish: {last}"


def _findings(runs: Sequence[Run]) -> Findings:
    finishes = [finish for run in runs for finish in run.finishes]
    killed = sum(finish.was_killed for finish in finishes)
    pauses = sum(run.pauses for run in runs)
    return Findings(
        experiment=NAME,
        faults=killed + pauses,
        runs=len(finishes) + len(runs),
        duplicates=sum(run.verdict.duplicates for run in runs),
        losses=sum(run.verdict.losses for run in runs),
        unknowns=sum(run.verdict.unknowns for run in runs),
        violations=tuple(
            f"{run.heat}: {told}"
            for run in runs
            for told in (*run.verdict.violations, *run.complaints)
        ),
        remarks=_remarks(runs, finishes, killed, pauses),
    )


def _remarks(
    runs: Sequence[Run], finishes: Sequence[Finish], killed: int, pauses: int
) -> tuple[str, ...]:
    rounds = Counter(run.heat.kind for run in runs)
    ends = Counter("killed" if finish.was_killed else finish.outcome for finish in finishes)
    ambushes = sum(run.ambushes for run in runs)
    raced = f"{len(runs)} rounds ({_counted(rounds)}) of {len(finishes)} processes"
    struck = f"{killed} killed and {pauses} paused, {ambushes} times at a point of the run"
    return raced, struck, f"they ended: {_counted(ends)}"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counter.most_common())
