"""The protocol with one rule left out, for every rule: what each is called, and what it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from m2s_orchestration_tests.faults.model.faults import Bounds
from m2s_orchestration_tests.faults.model.invariants import Name
from m2s_orchestration_tests.faults.model.rules import Rules
from m2s_orchestration_tests.faults.model.search import Broken, Search

# With one person the ways are the shortest to read; none of these faults needs a second.
ONE_PERSON = Bounds(people=("Ann",), faults=3)


@dataclass(frozen=True)
class Variant:
    """A protocol that lacks a rule."""

    name: str
    lacks: str
    breaks: Name

    def counterexample(self) -> Broken | None:
        """The shortest way to what it breaks."""
        rules = Rules(**{self.lacks: False})
        return Search(rules, ONE_PERSON, asked=(self.breaks,)).run().broken


VARIANTS = (
    Variant(
        "takes over a lease that lives",
        lacks="takes_over_only_what_lapsed",
        breaks="no needless doubt",
    ),
    Variant(
        "releases a lease that is another's",
        lacks="releases_only_its_own",
        breaks="no needless doubt",
    ),
    Variant(
        "two processes with one name",
        lacks="names_each_process",
        breaks="no duplicate",
    ),
    Variant(
        "two processes with one name: nobody sweeps after the other",
        lacks="names_each_process",
        breaks="nothing stuck",
    ),
    Variant(
        "the plan is keyed by the run and not by its subject",
        lacks="keys_the_plan_by_its_subject",
        breaks="no duplicate",
    ),
    Variant(
        "records without the lease",
        lacks="records_in_the_name_of_the_lease",
        breaks="no act out of term",
    ),
    Variant("never sweeps", lacks="sweeps", breaks="nothing stuck"),
    Variant(
        "sweeps without the lease",
        lacks="sweeps_in_the_name_of_the_lease",
        breaks="no needless doubt",
    ),
    Variant(
        "sweeps what is in doubt back to be sent",
        lacks="sweeps_into_doubt",
        breaks="no duplicate",
    ),
    Variant(
        "a forced run sweeps",
        lacks="forces_nobody_into_doubt",
        breaks="no needless doubt",
    ),
    Variant(
        "what is being sent can expire",
        lacks="expires_only_the_unsent",
        breaks="no lie",
    ),
    Variant(
        "sends again what another is sending",
        lacks="never_resends",
        breaks="no duplicate",
    ),
    Variant(
        "records after it has sent",
        lacks="claims_before_the_dot",
        breaks="no duplicate",
    ),
    Variant(
        "the dot before the claim's commit",
        lacks="commits_before_the_dot",
        breaks="no duplicate",
    ),
    Variant(
        "claims whatever the row says",
        lacks="claims_only_the_open",
        breaks="no duplicate",
    ),
    Variant(
        "claims without the lease",
        lacks="claims_in_the_name_of_the_lease",
        breaks="nothing stuck",
    ),
    Variant(
        "looks at the lease without holding it",
        lacks="claims_while_it_holds_the_lease",
        breaks="nothing stuck",
    ),
    Variant(
        "does not ask whether its claim took hold",
        lacks="asks_whether_it_claimed",
        breaks="no needless doubt",
    ),
    Variant(
        "records a refusal whatever the row says",
        lacks="refuses_only_the_open",
        breaks="no lie",
    ),
    Variant(
        "records a refusal without the lease",
        lacks="refuses_in_the_name_of_the_lease",
        breaks="no act out of term",
    ),
    Variant(
        "takes silence after the dot for a no",
        lacks="takes_silence_for_doubt",
        breaks="no duplicate",
    ),
    Variant(
        "testifies about another's dot",
        lacks="testifies_for_itself_only",
        breaks="no lie",
    ),
    Variant(
        "hears no testimony after the sweep",
        lacks="hears_late_testimony",
        breaks="no needless doubt",
    ),
    Variant(
        "closes without the lease",
        lacks="closes_in_the_name_of_the_lease",
        breaks="no act out of term",
    ),
)


def counterexamples() -> Iterator[tuple[Variant, Broken | None]]:
    """Every variant, and what was found against it."""
    for variant in VARIANTS:
        yield variant, variant.counterexample()
