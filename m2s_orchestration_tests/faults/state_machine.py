"""The protocol on the real database: hypothesis looks for a way to break it.

    python -m m2s_orchestration_tests.faults.state_machine

prints for each mutant of the code the smallest way to what it breaks. The runs are the real ones, on
the real statements; between any two steps of theirs another run, the web application, a person or a
fault may come (`machine_stage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from m2s_orchestration.delivery.administration import Settlement
from m2s_orchestration.framework.notification import InDoubt
from m2s_orchestration_tests.faults.machine_books import NAMES
from m2s_orchestration_tests.faults.machine_relay import DOT, OFFER
from m2s_orchestration_tests.faults.machine_run import TICKS, PlayedRun
from m2s_orchestration_tests.faults.machine_stage import Stage
from m2s_orchestration_tests.faults.machine_wires import OneWire

PEOPLE = ("Ann", "Bob")
AT_ONCE = 2
BEGINNINGS = ("", "", "force", "force", "late")
LOST = ("lost", "unanswered")
LATE = "late"
FAULTS = {
    OFFER: ("4xx", "5xx", "gone", "away"),
    DOT: ("silent", "lost", "4xx", "5xx"),
    "claim": (*LOST, LATE),
}
WHO = st.integers(0, AT_ONCE - 1)


class Club(RuleBasedStateMachine):
    """What may happen next, in any order."""

    database: OneWire
    asked: Sequence[str] = NAMES
    faults = 0
    begun = 0

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(self.database, PEOPLE, asked=self.asked)

    def teardown(self) -> None:
        """Whatever has happened, all can come to rest."""
        try:
            if not self.stage.is_broken:
                self.stage.come_to_rest()
        finally:
            self.stage.leave()
            type(self).faults += self.stage.faults
            type(self).begun += self.stage.begun

    @initialize(people=st.integers(1, 2), in_doubt=st.sampled_from(["hold", "resend_same_bytes"]))
    def opens(self, people: int, in_doubt: InDoubt) -> None:
        self.stage.people = PEOPLE[:people]
        self.stage.in_doubt = in_doubt

    @precondition(lambda self: len(self.stage.runs) < AT_ONCE)
    @rule(tick=st.sampled_from(TICKS), how=st.sampled_from(BEGINNINGS))
    def begin(self, tick: datetime, how: str) -> None:
        self.stage.begin(tick, force=how == "force", send_late=how == "late")

    @precondition(lambda self: self.stage.runs)
    @rule(who=WHO, steps=st.integers(1, 5))
    def go_on(self, who: int, steps: int) -> None:
        run = self.run(who)
        for _ in range(steps):
            if run in self.stage.runs:
                self.stage.step(run)

    @precondition(lambda self: self.stage.runs)
    @rule(who=WHO, place=st.sampled_from(["unsent", OFFER, "claim", DOT, "testify", "release"]))
    def go_to(self, who: int, place: str) -> None:
        run = self.run(who)
        while run in self.stage.runs and run.puppet.pending != place:
            self.stage.step(run)

    @precondition(lambda self: self.stage.runs)
    @rule(who=WHO, which=st.integers(0, 3))
    def be_struck(self, who: int, which: int) -> None:
        run = self.run(who)
        fitting = FAULTS.get(run.puppet.pending, LOST)
        fault = fitting[which % len(fitting)]
        if fault != LATE or not self.stage.ears.ghost:
            self.stage.step(run, fault)

    @precondition(lambda self: self.stage.ears.ghost)
    @rule()
    def arrive(self) -> None:
        self.stage.arrive()

    @precondition(lambda self: self.stage.runs)
    @rule(who=WHO)
    def die(self, who: int) -> None:
        self.stage.die(self.run(who))

    @precondition(lambda self: self.stage.runs and self.holder == "live")
    @rule()
    def lapse(self) -> None:
        self.stage.lapse()

    @precondition(lambda self: self.holder == "lapsed" and self.stage.runs)
    @rule(who=WHO)
    def renew(self, who: int) -> None:
        self.stage.renew(self.run(who))

    @precondition(lambda self: self.stage.runs)
    @precondition(lambda self: self.holder != "live" or self.stage.web_is_at_it)
    @rule(cleans=st.booleans())
    def meet_the_web_application(self, cleans: bool) -> None:
        self.stage.meet_the_web_application(cleans=cleans)

    @precondition(lambda self: self.to_settle)
    @rule(which=WHO, state=st.sampled_from(["retry", "sent", "failed"]))
    def settle(self, which: int, state: Settlement) -> None:
        self.stage.settle(self.to_settle[which % len(self.to_settle)], state)

    @precondition(lambda self: self.stage.runs and self.stage.books.now.rows)
    @rule(who=WHO, what=st.sampled_from(["hour", "deadline", "too late"]))
    def let_time_pass(self, who: int, what: str) -> None:
        if what == "hour":
            self.stage.let_an_hour_pass()
        elif what == "too late":
            self.stage.let_it_be_too_late()
        else:
            self.stage.let_its_deadline_pass(self.run(who))

    def run(self, who: int) -> PlayedRun:
        return self.stage.runs[who % len(self.stage.runs)]

    @property
    def holder(self) -> str:
        """What there is of a lease."""
        holder = self.stage.books.now.holder
        return "" if holder is None else "live" if holder.is_live else "lapsed"

    @property
    def to_settle(self) -> list[int]:
        """What a person may settle."""
        rows = self.stage.books.now.rows
        return [row.id for row in rows if row.state in {"unknown", "failed", "expired"}]


def play(database: OneWire, *, examples: int, steps: int, asked: Sequence[str] = NAMES) -> Any:
    """Play so many times; raises the smallest way to a broken promise."""
    club = type("ThisClub", (Club,), {"database": database, "asked": asked})
    run_state_machine_as_test(
        club,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
    return club
