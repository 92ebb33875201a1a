"""A laboratory that cannot find anything proves nothing: each mutant is caught where it must be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.bench.points import Point, Side, Wire
from m2s_orchestration_tests.faults.bench.survey import Moment, Survey, survey
from m2s_orchestration_tests.faults.runs import crash, fence, interrupt, mutants

NOTIFICATION = "notify_aging_logsheets"


@pytest.fixture(scope="module")
def surveyed(bench: Bench) -> Survey:
    return survey(bench, NOTIFICATION)


def moment(wire: Wire, said: str, side: Side) -> Moment:
    return Moment(NOTIFICATION, Point(wire, said, 1), side)


BEFORE_THE_DOT = moment("mail", "dot", "before")
AFTER_THE_DOT = moment("mail", "dot", "after")


@pytest.mark.parametrize("mutant", [mutants.sweep_sends_again, mutants.record_after_send])
def test_a_run_that_could_tell_twice_is_found_by_a_kill(
    bench: Bench, surveyed: Survey, mutant: Callable[[], None]
) -> None:
    found = crash.crash(bench, surveyed, AFTER_THE_DOT, before=(mutant,))

    assert found.verdict.duplicates == 1


@pytest.mark.parametrize(
    ("mutant", "complaint"),
    [
        (mutants.keep_the_lease, "the lease was not given back"),
        (mutants.serve_in_spite_of_a_stop, "it went on to send"),
    ],
)
def test_a_run_that_does_not_stop_cleanly_is_found_by_an_interrupt(
    bench: Bench, surveyed: Survey, mutant: Callable[[], None], complaint: str
) -> None:
    found = interrupt.interrupt(bench, surveyed, BEFORE_THE_DOT, before=(mutant,))

    assert complaint in " ".join(found.complaints)


def test_a_run_without_a_fence_is_found_by_a_pause(bench: Bench, surveyed: Survey) -> None:
    found = fence.pause(
        bench,
        surveyed,
        moment("database", "load", "before"),
        other=fence.NO_MAIL_SERVER,
        before=(mutants.record_without_a_fence,),
    )

    assert "after the takeover it recorded" in " ".join(found.complaints)
