"""SMTP's whole repertoire: at every stage whatever a mail server may do, each in a run of its own.

`python -m m2s_orchestration_tests.faults.repertoire` tries all of it out; with `--write` it writes
docs/smtp-faults.md from what it saw.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.faults.certificates import make_all
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.repertoire_bench import Bench
from m2s_orchestration_tests.faults.repertoire_cases import cases
from m2s_orchestration_tests.faults.repertoire_oracle import findings
from m2s_orchestration_tests.faults.repertoire_page import PAGE, page
from m2s_orchestration_tests.faults.repertoire_trial import Seen, try_out

NAME = "SMTP repertoire"

CONNECTIONS = 2
# In full with fewer and with more than usual too.
OTHER_CONNECTIONS = (1, 4)
# Most of the time is spent waiting for silent servers.
HANDS = 12


def explore(bench: Bench, *, full: bool) -> Findings:
    """Try every case out; in full also over one connection and over four, and write the page."""
    started = time.monotonic()
    seen = try_all(bench)
    if full:
        PAGE.write_text(page(seen), encoding="utf-8")
        for connections in OTHER_CONNECTIONS:
            seen = [*seen, *try_all(bench, connections=connections)]
    return findings(NAME, seen, time.monotonic() - started)


def try_all(bench: Bench, *, connections: int = CONNECTIONS) -> Sequence[Seen]:
    """Try every case out, side by side, those that wait first."""
    make_all()
    wanted = cases()
    order = sorted(range(len(wanted)), key=lambda number: not wanted[number].is_silent)
    with bench.hands(HANDS) as hands:
        tried = hands.map(
            lambda number: try_out(bench, wanted[number], connections=connections), order
        )
        found = dict(zip(order, tried, strict=True))
    return [found[number] for number in range(len(wanted))]


def main(arguments: Sequence[str]) -> int:
    """Print what was found; with `--write` write the page."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder, "pg")) as postgres:
        started = time.monotonic()
        seen = try_all(Bench(postgres, Path(folder, "laboratory")))
        found = findings(NAME, seen, time.monotonic() - started)
    if "--write" in arguments:
        PAGE.write_text(page(seen), encoding="utf-8")
    print(*found.violations, sep="\n")
    print(
        f"{found.faults} faults, {found.runs} runs, {found.duplicates} duplicates,"
        f" {found.losses} losses, {found.unknowns} unknown, {found.seconds:.0f} s"
    )
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
