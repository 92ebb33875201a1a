"""Two schedulers and people: whatever starts runs starts them, twice and over one another.

Dagster is the club's own, but for its hours: a notification comes due at minutes that lie around
now. Two daemons run, which Dagster warns of, and launch each tick twice. While a scheduled run
stands at the mail server, people start others; a backfill reaches over a tick that is being served,
and back to where mail is too late; the sensor makes up what was missed before the daemons came.
Each person must have each mail once, and each run say what it came to. In full the first run is
killed over its first mail as well.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from m2s_orchestration.framework.occurrence import KEY_FORMAT
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.aftermath import Aftermath, Verdict, judge, look
from m2s_orchestration_tests.faults.bench.bench import Bench, Site
from m2s_orchestration_tests.faults.bench.processes import Ended
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.races import every_minute
from m2s_orchestration_tests.faults.races.deployment import LOOK_EVERY, Deployment, Seen, deployed
from m2s_orchestration_tests.faults.races.havoc import pid_of
from m2s_orchestration_tests.smtp_script import hang

NAME = "two schedulers and people"

JOB = every_minute.NOTIFICATION.name
PATIENCE = 400.0  # seconds; the sensor looks once a minute
STARTERS = ("schedule", "sensor", "backfill", "person")
MINUTE = timedelta(minutes=1)
# The daemons are up by then.
SECONDS_AHEAD = 45
WAIT = "120"  # seconds
BUSY = 75

OCCURRENCES = "SELECT tick FROM m2s_orchestration.occurrence WHERE state = 'done'"


@dataclass(frozen=True)
class Calendar:
    """When the notification is due: too long ago, before the daemons came, and while they run."""

    past: datetime
    missed: datetime
    late: datetime
    live: tuple[datetime, ...]

    @classmethod
    def around(cls, now: datetime, *, live: int) -> Calendar:
        """With so many ticks to come."""
        this_minute = now.replace(second=0, microsecond=0)
        soon = (now + timedelta(seconds=SECONDS_AHEAD)).replace(second=0, microsecond=0) + MINUTE
        missed = this_minute - 6 * MINUTE
        return cls(
            past=missed - timedelta(days=2),
            missed=missed,
            late=missed + MINUTE,
            live=tuple(soon + number * MINUTE for number in range(live)),
        )

    @property
    def due(self) -> tuple[datetime, ...]:
        """The ticks that are to be served."""
        return (self.missed, self.late, *self.live)

    @property
    def cron(self) -> str:
        """The schedule; what it has besides, where hours or days change, is hours away."""
        ticks = (self.past, *self.due)
        parts = ("minute", "hour", "day", "month")
        chosen = [sorted({getattr(tick, part) for tick in ticks}) for part in parts]
        return " ".join(",".join(map(str, numbers)) for numbers in chosen) + " *"


@dataclass(frozen=True)
class Lived:
    """What Dagster remembers, and how the runs went that people started by hand.

    `killed` is how the id of the run begins that was killed, if one was.
    """

    runs: Sequence[Seen]
    killed: str
    by_hand: Sequence[Ended]
    afterwards: Ended
    aftermath: Aftermath


def explore(bench: Bench, *, full: bool) -> Findings:
    """Live through three ticks; in short through one."""
    calendar = Calendar.around(datetime.now(UTC), live=3 if full else 1)
    with bench.site() as site, deployed(bench.postgres, site) as deployment:
        lived = _live(site, deployment, calendar, kills=full)
    verdict = judge(lived.aftermath, undisturbed=_undisturbed(bench, calendar))
    return _findings(calendar, lived, verdict)


def _live(site: Site, deployment: Deployment, calendar: Calendar, *, kills: bool) -> Lived:
    killed = ""
    site.server.on("dot", hang(), times=1)
    deployment.serve(every_minute.__name__, **{every_minute.CRON: calendar.cron})
    deployment.switch_on(every_minute.NOTIFICATION.schedule_name, since=calendar.missed - MINUTE)
    if kills:
        site.server.on("data", hang(), times=1)
    for name in ("one daemon", "the other daemon"):
        deployment.start_daemon(name)
    if kills:
        _await(lambda: site.server.reached("data"))
        killed = _kill_the_holder(site)
    _await(lambda: site.server.reached("dot"))
    by_hand = [_by_hand(site, deployment, tick) for tick in (None, calendar.late)]
    launched = {"dagster/partition": _key(calendar.late)}
    deployment.dagster("job", "launch", "-j", JOB, "--tags", json.dumps(launched))
    site.server.release()
    _await(lambda: _key(calendar.live[0]) in {run.partition for run in deployment.runs()})
    backfilled = f"{_key(calendar.past)},{_key(calendar.live[0])}"
    deployment.dagster("job", "backfill", "-j", JOB, "--partitions", backfilled, "--noprompt")
    _await(lambda: set(calendar.due) <= _served(site) and deployment.is_quiet())
    # The sensor, which looks once a minute, may just now make up for what it saw before.
    afterwards = _by_hand(site, deployment, calendar.live[-1], "--wait", WAIT)
    _await(deployment.is_quiet)
    return Lived(deployment.runs(), killed, by_hand, afterwards, look(site))


def _kill_the_holder(site: Site) -> str:
    """The run with the lease dies over the mail in hand, and a minute passes; returns its mark."""
    with site.database.connect("laboratory") as connection:
        ((owner,),) = connection.execute("SELECT locked_by FROM cronjob_locks").fetchall()
    os.kill(pid_of(owner), signal.SIGKILL)
    site.server.release()
    site.lapse()
    return str(owner).split("-")[-2]


def _await(ask: Callable[[], object]) -> None:
    eventually(ask, within=PATIENCE, every=LOOK_EVERY)


def _by_hand(site: Site, deployment: Deployment, tick: datetime | None, *options: str) -> Ended:
    chosen = ("--as-of", tick.isoformat()) if tick else ()
    return site.m2s("run", JOB, *chosen, *options, "--json", environment=deployment.environment)


def _served(site: Site) -> set[datetime]:
    with site.database.connect("laboratory") as connection:
        return {tick for (tick,) in connection.execute(OCCURRENCES).fetchall()}


def _undisturbed(bench: Bench, calendar: Calendar) -> Aftermath:
    """One run after the other, and each tick once."""
    with bench.site() as site:
        for tick in calendar.due:
            ended = site.m2s("run", JOB, "--as-of", tick.isoformat(), "--send-late")
            assert ended.status == 0, ended.errors
        return look(site)


def _key(tick: datetime) -> str:
    return tick.strftime(KEY_FORMAT)


def _complaints(calendar: Calendar, lived: Lived) -> Iterator[str]:
    for ended in lived.by_hand:
        if (ended.status, ended.outcome) != (BUSY, "busy"):
            yield f"a run by hand did not find the lease held: {ended}"
    if (lived.afterwards.status, lived.afterwards.outcome) != (0, "already_done"):
        yield f"a run after all of them found something to do: {lived.afterwards}"
    for run in lived.runs:
        if (run.status, run.outcome) not in _lawful(run, calendar, lived.killed):
            yield f"a run ended otherwise than it should: {run}"
    by = {run.started_by for run in lived.runs}
    yield from (f"no run was started by {one}" for one in STARTERS if one not in by)


def _lawful(run: Seen, calendar: Calendar, killed: str) -> set[tuple[str, str]]:
    if run.partition == _key(calendar.past):
        return {("SUCCESS", "rehearsal")}
    served = {("SUCCESS", outcome) for outcome in ("sent", "already_done", "busy")}
    # Two daemons may start two workers of one run, and what is left of it goes on.
    return {*served, ("FAILURE", "")} if killed and run.run_id.startswith(killed) else served


def _findings(calendar: Calendar, lived: Lived, verdict: Verdict) -> Findings:
    runs = len(lived.runs)
    return Findings(
        experiment=NAME,
        # Whatever was started beyond one run a tick.
        faults=runs - len(calendar.due),
        runs=runs,
        duplicates=verdict.duplicates,
        losses=verdict.losses,
        unknowns=verdict.unknowns,
        violations=(*verdict.violations, *_complaints(calendar, lived)),
        remarks=tuple(_remarks(calendar, lived)),
    )


def _remarks(calendar: Calendar, lived: Lived) -> Iterator[str]:
    scheduled = Counter(run.partition for run in lived.runs if run.started_by == "schedule")
    twice = sum(scheduled[_key(tick)] > 1 for tick in calendar.live)
    yield f"ticks that came while two daemons ran: {len(calendar.live)}, launched by both: {twice}"
    starters = Counter(run.started_by for run in lived.runs)
    outcomes = Counter(run.outcome for run in lived.runs)
    yield f"runs were started by {_counted(starters)}, and came to {_counted(outcomes)}"


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counter.most_common())
