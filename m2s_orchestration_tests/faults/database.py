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

# Where much hangs on the answer: in short, these are lost in every way and all others in one.
DECISIVE = frozenset({"acquire", "COMMIT", "claim", "testify", "close_occurrence", "release"})

Loss = Callable[[Site, Encounter], None]


def explore(bench: Bench, *, full: bool) -> Findings:
    """End the session at every moment of every run, and cut it at a choice of them."""
    surveys = {item.name: survey(bench, item.name) for item in NOTIFICATIONS}
    choice = _of_the_database(moments(surveys.values(), full=False))
    every = _of_the_database(moments(surveys.values(), full=True))
    losses = list(_in_full(every, choice) if full else _in_short(choice))
    with bench.hands() as hands:
        outcomes = list(
            hands.map(lambda loss: lose(bench, surveys[loss[1].notification], *loss), losses)
        )
    return findings(NAME, outcomes)


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
        assert trap.sprung.is_set(), f"the run never came to {at}: {disturbed.errors}"
        return conclude(site, fault, disturbed, undisturbed=surveyed.aftermath)


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


def _in_full(every: Iterable[Moment], choice: Iterable[Moment]) -> Iterator[tuple[Loss, Moment]]:
    yield from ((end_session, at) for at in every)
    yield from ((cut, at) for at in choice)


def _in_short(choice: Iterable[Moment]) -> Iterator[tuple[Loss, Moment]]:
    """Of a statement on which little hangs one loss, by turns of this kind and that."""
    for number, at in enumerate(choice):
        if at.point.said in DECISIVE:
            yield from ((end_session, at), (cut, at))
        # Its two sides stand side by side: of every other statement the one and the other.
        elif number % 4 in {0, 3}:
            yield (end_session if number % 8 < 4 else cut), at
