"""SMTP's whole repertoire: at every stage whatever a mail server may do, each in a run of its own.

`python -m m2s_orchestration_tests.faults.repertoire.repertoire` tries all of it out; with
`--write` it writes docs/smtp-faults.md from what it saw.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.faults.bench.bench import Bench, Site
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.repertoire.cases import cases
from m2s_orchestration_tests.faults.repertoire.certificates import make_all
from m2s_orchestration_tests.faults.repertoire.oracle import findings
from m2s_orchestration_tests.faults.repertoire.page import PAGE, page
from m2s_orchestration_tests.faults.repertoire.trial import Seen, try_out

NAME = "SMTP repertoire"

CONNECTIONS = 2
# In full with fewer and with more than usual too.
OTHER_CONNECTIONS = (1, 4)
# Most of the time is spent waiting for silent servers.
HANDS = 12


def explore(bench: Bench, *, full: bool) -> Findings:
    """Try every case out; in full also over one connection and over four, and write the page."""
    seen = try_all(bench)
    if full:
        PAGE.write_text(page(seen), encoding="utf-8")
        for connections in OTHER_CONNECTIONS:
            seen = [*seen, *try_all(bench, connections=connections)]
    return findings(NAME, seen)


def try_all(bench: Bench, *, connections: int = CONNECTIONS) -> Sequence[Seen]:
    """Try every case out, side by side, those that take long first."""
    make_all()
    wanted = cases()
    order = sorted(range(len(wanted)), key=lambda number: not wanted[number].takes_long)
    with _sites(bench) as idle, bench.hands(HANDS) as hands:

        def seen(number: int) -> Seen:
            site = idle.get()
            try:
                return try_out(site, wanted[number], connections=connections)
            finally:
                idle.put(site)

        found = dict(zip(order, hands.map(seen, order), strict=True))
    return [found[number] for number in range(len(wanted))]


@contextmanager
def _sites(bench: Bench) -> Iterator[SimpleQueue[Site]]:
    """A club for each pair of hands: one for each case would take a third of the time."""
    idle: SimpleQueue[Site] = SimpleQueue()
    with ExitStack() as stack:
        for _ in range(HANDS):
            idle.put(stack.enter_context(bench.site()))
        yield idle


def main(arguments: Sequence[str]) -> int:
    """Print what was found; with `--write` write the page."""
    with (
        tempfile.TemporaryDirectory(prefix="m2s-faults-") as folder,
        EmbeddedPostgres(Path(folder, "postgres")) as postgres,
    ):
        started = time.monotonic()
        seen = try_all(Bench(postgres, Path(folder, "laboratory")))
        seconds = time.monotonic() - started
    found = findings(NAME, seen)
    if "--write" in arguments:
        PAGE.write_text(page(seen), encoding="utf-8")
    for told in found.violations:
        print(told)
    print(
        f"{found.faults} faults, {found.runs} runs, {found.duplicates} duplicates,"
        f" {found.losses} losses, {found.unknowns} unknown, {seconds:.0f} s"
    )
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
