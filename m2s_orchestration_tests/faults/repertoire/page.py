"""The page on mail servers' faults, made of what was seen and of nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from m2s_orchestration_tests.faults.repertoire.operator import sentence
from m2s_orchestration_tests.faults.repertoire.oracle import findings
from m2s_orchestration_tests.faults.repertoire.trial import Delivery, Seen

PAGE = Path(__file__).parents[3] / "docs" / "smtp-faults.md"
INTRODUCTION = """\
# What a mail server may do to a run

Each row is a fault that a mail server made on purpose, and what came of it. The run is
`m2s run report_duty_delinquents`, a process of its own with a PostgreSQL server and an SMTP server
behind a socket; it mails three people over two connections, or over one where the order of the
messages counts. What the replies mean is in [delivery.md](delivery.md#what-a-reply-means), what to
do in [operations.md](operations.md).

The tables are written by the runs themselves: `make faults` does all of it again and writes this
page, and so does `python -m m2s_orchestration_tests.faults.repertoire.repertoire --write`.
A test fails where the page says something else than the runs show.

- **the server**: what it does at that stage, every time; *for one*: only where it is about one of
  the three. *No answer* is waited for 4 s here, as `EMAIL_TIMEOUT` says; the ten minutes after the
  final dot are made as short. *No SMTP* is the line `who is there?`.
- **outcome**: how the run ended, in a word, and its exit status.
- **deliveries**: what the ledger has after it.
- **tried again**: when what was not sent went out after all. The *next run* is a person's, or the
  sensor's within minutes; *no*: no run sends it.
- **what the operator reads**: the cause in the run's last line, and the reasons in
  `m2s deliveries list`.
- **after it is well**: what the ledger has when the server is as it should be, an hour has gone by
  and the occurrence was run once more. No person settled anything. Whose mail is `sent` received it
  once, and nobody else received one, where nothing else is said.
"""
HEAD = (
    *("the server", "outcome", "deliveries", "tried again", "what the operator reads"),
    "after it is well",
)


def page(tried: Sequence[Seen]) -> str:
    """The whole page."""
    parts = [INTRODUCTION.rstrip(), _sum(tried)]
    for part, found in groupby(tried, key=lambda seen: seen.case.part):
        parts.append(f"## {part}")
        parts.append("\n".join(_table(found)))
    return "\n\n".join(parts) + "\n"


def _sum(tried: Sequence[Seen]) -> str:
    found = findings("", tried)
    return (
        f"In these {found.faults} rows {found.duplicates or 'nobody'} got a mail twice,"
        f" {found.losses or 'nobody'} was left out without a word, and {found.unknowns} mails are"
        " in doubt: their final dot went out, and nothing came back that could be understood."
    )


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
    return "<br>".join(told)


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
        return f" ({('not received', 'received once', 'received twice')[min(copies, 2)]})"
    return ""
