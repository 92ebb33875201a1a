"""The fault laboratory: `python -m m2s_orchestration_tests.faults`, with --short for CI's share."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.faults.bench.bench import Bench
from m2s_orchestration_tests.faults.database import connections, delays, locks, refusals, server
from m2s_orchestration_tests.faults.findings import Findings
from m2s_orchestration_tests.faults.fuzz import fuzz
from m2s_orchestration_tests.faults.model import model
from m2s_orchestration_tests.faults.races import races, schedulers, web_application
from m2s_orchestration_tests.faults.repertoire import repertoire
from m2s_orchestration_tests.faults.runs import crash, fence, interrupt

Explore = Callable[..., Findings]

MODULES = (
    *(crash, interrupt, fence),
    repertoire,
    *(connections, server, refusals, locks, delays),
    *(races, schedulers, web_application),
    *(model, fuzz),
)
EXPERIMENTS: dict[str, Explore] = {module.NAME: module.explore for module in MODULES}
COUNTED = ("faults", "runs", "duplicates", "losses", "unknowns")


def main() -> int:
    """Make the experiments and print what they found. Exit status 1 if anything does not hold."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("experiments", nargs="*", help=f"some of: {', '.join(EXPERIMENTS)}")
    parser.add_argument("--short", action="store_true", help="the share of them that CI makes")
    arguments = parser.parse_args()
    chosen = arguments.experiments or list(EXPERIMENTS)
    if unknown := set(chosen) - EXPERIMENTS.keys():
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}")
    found = [_explore(name, full=not arguments.short) for name in chosen]
    console = Console() if sys.stdout.isatty() else Console(width=110)
    console.print(as_table(found))
    for findings in found:
        for told in (*findings.remarks, *findings.violations):
            console.print(f"{findings.experiment}: {told}", markup=False, soft_wrap=True)
    return int(not all(findings.holds for findings in found))


def _explore(name: str, *, full: bool) -> Findings:
    print(f"{name} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="m2s-faults-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
    ):
        findings = _made(EXPERIMENTS[name], Bench(postgres, Path(folder) / "clubs"), full)
    seconds = time.monotonic() - began
    print(
        f"{name}: {seconds:,.0f} s", *findings.violations, sep="\n  ", file=sys.stderr, flush=True
    )
    return dataclasses.replace(findings, experiment=name, seconds=seconds)


def _made(explore: Explore, bench: Bench, full: bool) -> Findings:
    """What it found. An experiment that breaks off does not take what the others found with it."""
    try:
        return explore(bench, full=full)
    except Exception as error:  # noqa: BLE001 - it is told, with all that led to it
        traceback.print_exc()
        told = f"it broke off: {error!r}"
        return Findings(experiment="", faults=0, runs=0, violations=(told,))


def as_table(found: Sequence[Findings]) -> Table:
    """A row for each experiment, and their sum."""
    table = Table(title="Faults on purpose", title_justify="left", header_style="bold")
    table.add_column("experiment")
    for name in (*COUNTED, "seconds"):
        table.add_column(name, justify="right")
    table.add_column("holds")
    for item in found:
        table.add_row(*_cells(item), "yes" if item.holds else "no")
    table.add_section()
    everything = Findings(
        experiment="all",
        **{name: sum(getattr(item, name) for item in found) for name in (*COUNTED, "seconds")},
    )
    table.add_row(*_cells(everything), "yes" if all(item.holds for item in found) else "no")
    return table


def _cells(findings: Findings) -> list[str]:
    counts = [f"{getattr(findings, name):,}" for name in COUNTED]
    return [findings.experiment, *counts, f"{findings.seconds:,.0f}"]


if __name__ == "__main__":
    sys.exit(main())
