"""The protocol as a model: every world within bounds is looked at, and every rule is needed.

    python -m m2s_orchestration_tests.faults.model.model

prints for each rule what happens without it, step by step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.model.faults import Bounds
from m2s_orchestration_tests.faults.model.rules import Rules
from m2s_orchestration_tests.faults.model.search import Search, Searched
from m2s_orchestration_tests.faults.model.variants import counterexamples

NAME = "model"

SHORT = (Bounds(faults=3),)
FULL = (
    Bounds(faults=4),
    Bounds(people=("Ann", "Bob", "Cat"), faults=3),
    Bounds(at_once=3, faults=3),
)


def explore(bench: object, *, full: bool) -> Findings:
    """Search the worlds of the protocol, and those of each variant. Needs nothing of the bench."""
    began = time.monotonic()
    searched = [(bounds, Search(Rules(), bounds).run()) for bounds in (FULL if full else SHORT)]
    variants = list(counterexamples())
    caught = sum(broken is not None for _, broken in variants)
    return Findings(
        experiment=NAME,
        faults=sum(seen.faults for _, seen in searched),
        runs=sum(seen.runs for _, seen in searched),
        duplicates=sum(_breaks(seen, "no duplicate") for _, seen in searched),
        violations=(
            *(str(seen.broken) for _, seen in searched if seen.broken),
            *(
                f"without `{variant.lacks}` {variant.breaks} still holds: is it needed?"
                for variant, broken in variants
                if broken is None
            ),
        ),
        remarks=(
            *(_remark(bounds, seen) for bounds, seen in searched),
            f"{caught} mutants each break an invariant",
        ),
        seconds=time.monotonic() - began,
    )


def _breaks(seen: Searched, invariant: str) -> bool:
    return seen.broken is not None and seen.broken.invariant == invariant


def _remark(bounds: Bounds, seen: Searched) -> str:
    return (
        f"{seen.worlds:,} worlds of {len(bounds.people)} messages, {bounds.runs} runs of which"
        f" {bounds.at_once} at once, and up to {bounds.faults} faults"
    )


def tales() -> Iterator[str]:
    """What happens without each rule."""
    for variant, broken in counterexamples():
        yield f"{variant.name} (without {variant.lacks})\n{broken or 'nothing breaks'}\n"


if __name__ == "__main__":
    for tale in tales():
        print(tale)
