"""Somebody's psql holds what a run needs, in a transaction that is left open.

Either it lets go as soon as the run waits, or it holds on until the run has given up: after its
`lock_timeout`, which is shortened here but for one run in full. What a deadlock makes of the run is
found here too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import psycopg

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.bench.points import Encounter, Point, Wire
from m2s_orchestration_tests.faults.bench.processes import Run
from m2s_orchestration_tests.faults.bench.survey import Survey, survey
from m2s_orchestration_tests.faults.database.outcomes import (
    Colour,
    Fault,
    Once,
    Outcome,
    conclude,
    findings,
    impatient,
)
from m2s_orchestration_tests.faults.findings import Findings

NAME = "somebody holds what a run needs"

LOGSHEETS = "notify_aging_logsheets"
AD_HOC_DAYS = "expire_ad_hoc_days"
GUARD = 15.0  # seconds, as in postgres.py


@dataclass(frozen=True)
class Hold:
    """What somebody says in an open transaction just before this point, and `then` when we wait."""

    name: str
    statement: str
    before: tuple[Wire, str, int]
    notification: str = LOGSHEETS
    then: str = ""
    doubts: int = 0
    keeps_lease: bool = False
    is_green: bool = False
    is_telling: bool = False


LEASE_ROW = "SELECT FROM cronjob_locks FOR UPDATE"
DELIVERY_ROWS = "SELECT FROM m2s_orchestration.delivery FOR UPDATE"

AT_A_CLAIM = Hold(
    "the lease at a claim",
    LEASE_ROW,
    ("database", "claim", 1),
    keeps_lease=True,
    is_telling=True,
)
HOLDS = (
    Hold(
        "the table of leases",
        "LOCK TABLE cronjob_locks IN ACCESS EXCLUSIVE MODE",
        ("database", "acquire", 1),
        keeps_lease=True,
    ),
    Hold(
        "the table of occurrences",
        "LOCK TABLE m2s_orchestration.occurrence IN ACCESS EXCLUSIVE MODE",
        ("database", "find_occurrence", 1),
    ),
    Hold(
        "the table of members",
        "LOCK TABLE members_member IN ACCESS EXCLUSIVE MODE",
        ("database", "members_named", 1),
    ),
    Hold("the lease at the fence", LEASE_ROW, ("database", "fence", 1), keeps_lease=True),
    AT_A_CLAIM,
    Hold(
        "the lease at its end",
        LEASE_ROW,
        ("database", "release", 1),
        keeps_lease=True,
        is_green=True,
    ),
    Hold(
        "the notices that are dismissed",
        "SELECT FROM notifications_notification FOR UPDATE",
        ("database", "dismiss_notices", 1),
    ),
    Hold(
        "the days that are cancelled",
        "SELECT FROM duty_roster_dutyassignment FOR UPDATE",
        ("database", "cancel_day", 1),
        notification=AD_HOC_DAYS,
        is_telling=True,
    ),
    Hold(
        "the table of deliveries",
        "LOCK TABLE m2s_orchestration.delivery IN ACCESS EXCLUSIVE MODE",
        ("database", "unsent", 1),
    ),
    Hold("the deliveries at a claim", DELIVERY_ROWS, ("database", "claim", 1)),
    Hold(
        "the deliveries at a testimony",
        DELIVERY_ROWS,
        ("mail", "dot", 1),
        doubts=1,
        is_telling=True,
    ),
)
DEADLOCK = Hold(
    "the deliveries, and wants the lease that we hold",
    DELIVERY_ROWS,
    ("database", "claim", 1),
    then="UPDATE cronjob_locks SET locked_at = locked_at",
)


def explore(bench: Bench, *, full: bool) -> Findings:
    """Everything held to the end and let go; in short what tells most."""
    surveys = {name: survey(bench, name) for name in (LOGSHEETS, AD_HOC_DAYS)}
    holds = [hold for hold in HOLDS if full or hold.is_telling]
    trials: list[tuple[Trial, Hold]] = [(trial, hold) for hold in holds for trial in (held, let_go)]
    if full:
        # The longest first: most of its time it only waits.
        trials = [(held_for_the_real_time, AT_A_CLAIM), (let_go, DEADLOCK), *trials]
    with bench.hands() as hands:
        outcomes = list(
            hands.map(lambda item: item[0](bench, surveys[item[1].notification], item[1]), trials)
        )
    return findings(NAME, outcomes)


def held(bench: Bench, surveyed: Survey, hold: Hold, *, guard: float = 1.0) -> Outcome:
    """The holder does not let go before the run has ended, which it does by itself."""
    colour: Colour = "green" if hold.is_green else "red"
    fault = Fault(
        f"{hold.name} held",
        hold.notification,
        colour=colour,
        says="" if hold.is_green else r"lock timeout",
        doubts=hold.doubts,
        keeps_lease=hold.keeps_lease,
    )
    with bench.site() as site, _Holder(site, hold) as holder:
        with site.wires(holder.trap) as wires:
            disturbed = site.start(
                *run_of(hold.notification), wires=wires, before=(impatient, guard)
            ).ended()
        holder.let_go()
        return conclude(
            site,
            fault,
            disturbed,
            sprung=holder.trap.sprung.is_set(),
            undisturbed=surveyed.aftermath,
        )


def held_for_the_real_time(bench: Bench, surveyed: Survey, hold: Hold) -> Outcome:
    """The same with the guard that every run has."""
    outcome = held(bench, surveyed, hold, guard=GUARD)
    return replace(
        outcome, fault=replace(outcome.fault, name=f"{outcome.fault.name}, {GUARD:g} s a time")
    )


def let_go(bench: Bench, surveyed: Survey, hold: Hold) -> Outcome:
    """The holder lets go when the run waits, and the run goes on as if nothing had been."""
    fault = Fault(f"{hold.name} held until we wait", hold.notification, colour="green")
    with bench.site() as site, _Holder(site, hold) as holder:
        with site.wires(holder.trap) as wires:
            run = site.start(*run_of(hold.notification), wires=wires)
            holder.wait_for(run)
            if hold.then:
                # Ends when the server has chosen us as the victim.
                holder.says(hold.then)
            holder.let_go()
            disturbed = run.ended()
        return conclude(site, fault, disturbed, undisturbed=surveyed.aftermath)


Trial = Callable[[Bench, Survey, Hold], Outcome]


class _Holder:
    """Somebody with psql and time."""

    def __init__(self, site: Site, hold: Hold) -> None:
        self._hold = hold
        self._conninfo = site.database.conninfo
        point = Point(*hold.before)
        self.trap = Once(point, "before", self._hold_on)

    def __enter__(self) -> Self:
        self._psql = psycopg.connect(self._conninfo)
        self._watch = psycopg.connect(self._conninfo, autocommit=True)
        # Of two that wait for each other, the one that has waited so long is ended: the run.
        self._psql.execute("SET deadlock_timeout = '5min'")
        self._psql.commit()
        return self

    def __exit__(self, *_: object) -> None:
        self._psql.close()
        self._watch.close()

    def says(self, statement: str) -> None:
        self._psql.execute(statement)

    def let_go(self) -> None:
        self._psql.rollback()

    def wait_for(self, run: Run) -> None:
        """Return when the run waits for what is held here."""
        eventually(lambda: self._is_waited_for() or not run.is_alive, within=120.0)
        assert run.is_alive, f"nothing waited for {self._hold.name}"

    def _hold_on(self, _: Encounter) -> None:
        self.says(self._hold.statement)

    def _is_waited_for(self) -> bool:
        return bool(
            self._watch.execute(
                "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))",
                (self._psql.info.backend_pid,),
            ).fetchall()
        )
