"""The page on mail servers' faults, made of what was seen and of nothing else."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from m2s_orchestration_tests.faults.repertoire_operator import sentence
from m2s_orchestration_tests.faults.repertoire_trial import Delivery, Seen

PAGE = Path(__file__).parents[2] / "docs" / "smtp-faults.md"
INTRODUCTION = (Path(__file__).parent / "repertoire_introduction.md").read_text(encoding="utf-8")
HEAD = (
    *("the server", "outcome", "deliveries", "tried again", "what the operator reads"),
    "after it is well",
)
# Where in the source of OpenSSL's binding: no word for people, and different with each Python.
NOISE = re.compile(r" \(_ssl\.c:\d+\)")


def page(tried: Sequence[Seen]) -> str:
    """The whole page."""
    parts = [INTRODUCTION.rstrip()]
    for part, found in groupby(tried, key=lambda seen: seen.case.part):
        parts.append(f"## {part}")
        parts.append("\n".join(_table(found)))
    return "\n\n".join(parts) + "\n"


def _table(tried: Iterable[Seen]) -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield f"|{'---|' * len(HEAD)}"
    for seen in tried:
        yield f"| {' | '.join(cell.replace('|', '/') for cell in _row(seen))} |"


def _row(seen: Seen) -> tuple[str, ...]:
    return (
        seen.case.told,
        f"`{seen.ill.result['outcome']}`, {seen.ill.run.status}",
        _states(seen.ill.deliveries),
        _again(seen),
        _read(seen),
        _afterwards(seen),
    )


def _states(deliveries: Sequence[Delivery]) -> str:
    counted = Counter(item.state for item in deliveries)
    return ", ".join(f"{count} `{state}`" for state, count in sorted(counted.items()))


def _again(seen: Seen) -> str:
    """When what was not sent was sent after all."""
    times = {
        _when(before) if after.state == "sent" else "no"
        for before, after in zip(seen.ill.deliveries, seen.well.deliveries, strict=True)
        if before.state != "sent"
    }
    return ", ".join(sorted(times))


def _when(item: Delivery) -> str:
    return "next run" if item.rest is None else f"after {item.rest} min"


def _read(seen: Seen) -> str:
    reasons = [item.reason for item in seen.ill.deliveries if item.state != "sent"]
    told = dict.fromkeys(filter(None, (sentence(seen.ill), *reasons)))
    return NOISE.sub("", "<br>".join(told))


def _afterwards(seen: Seen) -> str:
    groups = Counter(
        (item.state, seen.well.received[item.address]) for item in seen.well.deliveries
    )
    return ", ".join(
        f"{count} `{state}`{_received(state, copies)}"
        for (state, copies), count in sorted(groups.items())
    )


def _received(state: str, copies: int) -> str:
    """How often it was received, where the state does not say it."""
    usual = 1 if state == "sent" else 0
    if state == "unknown" or copies != usual:
        return f" (received {('never', 'once', 'twice')[copies]})"
    return ""
