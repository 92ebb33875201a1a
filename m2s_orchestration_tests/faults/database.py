"""Every connection to the database lost: at each statement of a run, before and after it.

Either the server ends the session (`pg_terminate_backend`, as an administrator or a failover does),
or the connection breaks without a word. Before a statement the server never hears of it; after it,
it was carried out and the answer is lost. The process lives on, so nothing may ever be in doubt:
a lost answer to a claim is asked for again before the dot, a lost testimony is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.faults.bench import Bench, Site, run_of
from m2s_orchestration_tests.faults.database_outcomes import (
    Fault,
    Once,
    Outcome,
    conclude,
    findings,
)
from m2s_orchestration_tests.faults.database_wire import CONNECTING
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.points import Cut, Encounter
from m2s_orchestration_tests.faults.survey import Moment, Survey, moments, survey

NAME = "the database's connections lost at every statement"

# Where much hangs on the answer: these are lost in every way.
DECISIVE = frozenset({"acquire", "COMMIT", "claim", "testify", "close_occurrence", "release"})
# Said for each message or notice anew; what holds for the second holds for the next.
FOR_EACH = frozenset(
    {"plan", "skip", "note_once", "add_notice", "keep_one_notice", "load", "claim", "testify"}
)
OF_EACH = 2

Loss = Callable[[Site, Encounter], None]


def explore(bench: Bench, *, full: bool) -> Findings:
    """End the session at every moment of every run, and cut where much hangs on the answer."""
    surveys = {item.name: survey(bench, item.name) for item in NOTIFICATIONS}
    choice = _of_the_database(moments(surveys.values(), full=False))
    every = _of_the_database(moments(surveys.values(), full=True))
    new = [at for at in every if at.point.said not in FOR_EACH or at.point.nth <= OF_EACH]
    losses = list(_losses(new if full else choice[::3], choice))
    with bench.hands() as hands:
        outcomes = list(
            hands.map(lambda loss: lose(bench, surveys[loss[1].notification], *loss), losses)
        )
    left_out = f"{len(every) - len(new)} moments are left out that repeat others for the next mail"
    return findings(NAME, outcomes, *([left_out] if full else []))


def _losses(ended: Iterable[Moment], choice: Iterable[Moment]) -> Iterator[tuple[Loss, Moment]]:
    decisive = [at for at in choice if at.point.said in DECISIVE]
    yield from ((end_session, at) for at in dict.fromkeys([*decisive, *ended]))
    yield from ((cut, at) for at in decisive)


def lose(bench: Bench, surveyed: Survey, loss: Loss, at: Moment) -> Outcome:
    """Lose the connection at one moment of a run, and run again to the end."""
    last = [point for point in surveyed.points if point.said == CONNECTING][-1]
    fault = Fault(
        f"{loss.__name__} {at.side} {at.point}",
        at.notification,
        # A lease that could not be given back ends by itself.
        keeps_lease=at.point.said == "release" or at.point == last,
    )
    with bench.site() as site:
        trap = Once(at.point, at.side, lambda encounter: loss(site, encounter))
        with site.wires(trap) as wires:
            disturbed = site.start(*run_of(at.notification), wires=wires).ended()
        return conclude(
            site, fault, disturbed, sprung=trap.sprung.is_set(), undisturbed=surveyed.aftermath
        )


def end_session(site: Site, encounter: Encounter) -> None:
    """As an administrator does it; where the statement was carried out, its answer is lost."""
    if encounter.backend:
        with site.database.connect("laboratory") as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 10000)", (encounter.backend,))
    if encounter.side == "after" or not encounter.backend:
        raise Cut


def cut(site: Site, encounter: Encounter) -> None:
    """The connection breaks and neither side is told."""
    raise Cut


def _of_the_database(chosen: Iterable[Moment]) -> list[Moment]:
    return [at for at in chosen if at.point.wire == "database"]
