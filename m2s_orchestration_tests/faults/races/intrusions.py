"""The old command steps in at a point of a whole run, as the web application's statements allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, cycle, product

from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.aftermath import Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.points import Point
from m2s_orchestration_tests.faults.bench.processes import Ended, Run
from m2s_orchestration_tests.faults.bench.survey import Moment, Snare, Survey
from m2s_orchestration_tests.web_application import Looked, WebApplication

NOTIFICATION = "report_duty_delinquents"
AHEAD = timedelta(minutes=2)
SENT, INCOMPLETE, BUSY = 0, 1, 75
MOST_WAITED = 60.0  # seconds


def overwrite(command: WebApplication) -> None:
    """It looked at the row when that was expired, and saves it only now."""
    row = command.connection.execute("SELECT id FROM cronjob_locks").fetchone()
    if row:
        command.save(Looked(id=int(row[0]), is_expired=True))
    else:
        command.begins()


def clean_up_early(command: WebApplication) -> None:
    """By its clock, which is ahead, our row is expired: it deletes it and takes the lock."""
    command.ahead = AHEAD
    command.begins()


def force(command: WebApplication) -> None:
    """It runs by force: it cleans up and takes nothing."""
    if command.count_expired():
        command.clean_up()


def give_back(command: WebApplication) -> None:
    """It ends, long after its lock was taken over."""
    command.ends()


Intrude = Callable[[WebApplication], None]
TAKING: tuple[Intrude, ...] = (overwrite, clean_up_early)
HARMLESS: tuple[Intrude, ...] = (force, give_back)


@dataclass(frozen=True)
class Intrusion:
    """What a command of theirs does, and at which moment of our run."""

    intrude: Intrude
    at: Moment

    def __str__(self) -> str:
        return f"{self.intrude.__name__.replace('_', ' ')}, {self.at}"


@dataclass(frozen=True)
class Outcome:
    """How our run ended, and what the run after it made of it."""

    intrusion: Intrusion
    ended: Ended
    verdict: Verdict
    complaints: tuple[str, ...]


def intrusions(surveyed: Survey, *, full: bool) -> list[Intrusion]:
    """Before every point what takes our lock, and at one of each kind what does not.

    In short at every second kind of point one of them, in turn.
    """
    firsts: dict[str, Point] = {}
    for point in surveyed.points:
        firsts.setdefault(point.said, point)
    chosen: Iterable[tuple[Point, Intrude]]
    if full:
        chosen = chain(product(surveyed.points, TAKING), product(firsts.values(), HARMLESS))
    else:
        in_turn = cycle((*TAKING, *HARMLESS, *TAKING))
        chosen = zip(list(firsts.values())[::2], in_turn, strict=False)
    return [
        Intrusion(intrude, Moment(surveyed.notification, point, "before"))
        for point, intrude in chosen
    ]


def intrude(bench: Bench, surveyed: Survey, intrusion: Intrusion) -> Outcome:
    """Our run, the intrusion, the end of theirs, and our next run."""
    with bench.site() as site, site.database.connect("web application") as connection:
        command = WebApplication(connection, surveyed.notification)
        act = _Act(site, command, intrusion.intrude)
        snare = Snare(intrusion.at, act)
        with site.wires(snare) as wires:
            ended = snare.set_for(
                site.start(*run_of(intrusion.at.notification), wires=wires)
            ).ended()
        complaints = [*_about_the_run(site, snare, act, ended, intrusion)]
        command.ends()
        again = site.m2s(*run_of(surveyed.notification))
        if again.status != SENT:
            complaints.append(f"the run after it was not green: {again.errors}")
        verdict = judge(look(site), undisturbed=surveyed.aftermath)
    if verdict.unknowns:
        complaints.append("a message is in doubt, and nobody was killed")
    return Outcome(intrusion, ended, verdict, tuple(complaints))


def wait_for_theirs(bench: Bench, surveyed: Survey) -> Iterator[str]:
    """Their lock lives at our tick: one run of ours ends busy, one waits until they are done."""
    with bench.site() as site, site.database.connect("web application") as connection:
        command = WebApplication(connection, surveyed.notification)
        command.begins()
        busy = site.m2s(*run_of(surveyed.notification))
        if (busy.status, busy.outcome) != (BUSY, "busy"):
            yield f"our run did not end busy: {busy}"
        waiting = site.start(*run_of(surveyed.notification), "--wait", "60")
        eventually(lambda: _contentions(connection) == 2, within=MOST_WAITED)
        if site.server.accepted or not command.ends():
            yield "our run did not leave their lock alone"
        ended = waiting.ended()
        if (ended.status, ended.outcome) != (SENT, "sent"):
            yield f"our run did not send when they were done: {ended}"
        yield from judge(look(site), undisturbed=surveyed.aftermath).violations


def _contentions(connection: Connection) -> int:
    asked = "SELECT count(*) FROM m2s_orchestration.lease_event WHERE event = 'contended'"
    ((count,),) = connection.execute(asked).fetchall()
    return int(count)


class _Act:
    """Does it while our run stands still; if it has to wait for us, our run goes on."""

    def __init__(self, site: Site, command: WebApplication, intrude: Intrude) -> None:
        self.done_at: datetime | None = None
        self._site = site
        self._command = command
        self._intrude = intrude

    def __call__(self, _: Run) -> None:
        pool = ThreadPoolExecutor(1)
        acting = pool.submit(self._do)
        pool.shutdown(wait=False)
        with self._site.database.connect("laboratory") as onlooker:
            eventually(lambda: acting.done() or self._waits(onlooker), within=MOST_WAITED)
        if acting.done():
            acting.result()

    def _do(self) -> None:
        self._intrude(self._command)
        ((self.done_at,),) = self._command.connection.execute("SELECT clock_timestamp()").fetchall()

    def _waits(self, onlooker: Connection) -> bool:
        pid = self._command.connection.info.backend_pid
        waiting = onlooker.execute(
            "SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,)
        ).fetchone()
        return bool(waiting and waiting[0])


def _about_the_run(
    site: Site, snare: Snare, act: _Act, ended: Ended, intrusion: Intrusion
) -> Iterator[str]:
    if not snare.sprung.is_set():
        yield f"the run never came so far: {ended.errors}"
        return
    eventually(lambda: act.done_at, within=MOST_WAITED)
    if intrusion.intrude in HARMLESS and (ended.status, ended.outcome) != (SENT, "sent"):
        yield f"our run was disturbed: {ended.output} {ended.errors}"
    if ended.status not in {SENT, INCOMPLETE, BUSY}:
        yield f"our run ended with {ended.status}: {ended.errors}"
    if ended.status == INCOMPLETE and "is no longer" not in ended.errors:
        yield f"our run does not say that it lost its lease: {ended.errors}"
    if intrusion.intrude in TAKING:
        with site.database.connect("laboratory") as connection:
            claimed = connection.execute(
                "SELECT message_id FROM m2s_orchestration.delivery WHERE claimed_at > %s",
                (act.done_at,),
            ).fetchall()
        yield from (f"{mail} was claimed when they had the lock" for (mail,) in claimed)


def counted(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many of our runs ended so, among those whose lock was taken."""
    taken = [item.ended.outcome for item in outcomes if item.intrusion.intrude in TAKING]
    return {outcome: taken.count(outcome) for outcome in sorted(set(taken))}
