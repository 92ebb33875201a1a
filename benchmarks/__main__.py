"""Measures: `python -m benchmarks [NAME ...]`; with --small to see whether everything works."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from rich.console import Console

from benchmarks import contention, growth, overhead, page, pages, query, sending
from benchmarks.laboratory import DURABLE, Laboratory
from benchmarks.page import Told
from benchmarks.plot import draw
from m2s_orchestration.demo.postgres import EmbeddedPostgres

BENCHMARKS: dict[str, ModuleType] = {
    module.NAME: module for module in (query, sending, overhead, contention, growth, pages)
}


def main() -> int:
    """Measure, print, and write the page. Exit status 1 if a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--small", action="store_true", help="small sizes, and no page")
    parser.add_argument("--large", action="store_true", help="also what takes an hour")
    arguments = parser.parse_args()
    chosen = arguments.names or list(BENCHMARKS)
    if unknown := set(chosen) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    console = Console() if sys.stdout.isatty() else Console(width=150)
    found = [_measured(BENCHMARKS[name], arguments) for name in chosen]
    for told in found:
        console.print(page.as_table(told.findings, told.title))
        for remark in told.findings.remarks:
            console.print(f"- {remark}", markup=False)
        if not arguments.small:
            page.keep(told)
            for plot in told.findings.plots:
                draw(plot, page.FIGURES)
    if not arguments.small:
        page.write(_in_its_words(part) for name in BENCHMARKS if (part := page.kept(name)))
    return int(not all(row.holds for told in found for row in told.findings.rows))


def _measured(module: ModuleType, arguments: argparse.Namespace) -> Told:
    print(f"{module.NAME} …", file=sys.stderr, flush=True)
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="m2s-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres", settings=DURABLE) as postgres,
    ):
        laboratory = Laboratory(Path(folder), postgres, arguments.small, arguments.large)
        findings = module.measure(laboratory)
    print(f"{module.NAME}: {time.monotonic() - began:,.0f} s", file=sys.stderr, flush=True)
    return Told(module.NAME, module.TITLE, (module.__doc__ or "").strip(), _machine(), findings)


def _in_its_words(told: Told) -> Told:
    """The figures of then under the words of now."""
    module = BENCHMARKS[told.name]
    return replace(told, title=module.TITLE, text=(module.__doc__ or "").strip())


def _machine() -> str:
    """The day, the machine, and what else it was doing."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return (
        f"on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({model}), load"
        f" {os.getloadavg()[1]:.1f}, Python {platform.python_version()}, PostgreSQL 18 with fsync"
    )


if __name__ == "__main__":
    sys.exit(main())
