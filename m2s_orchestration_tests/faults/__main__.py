"""`python -m m2s_orchestration_tests.faults`: every fault of the laboratory, and one table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from m2s_orchestration_tests.faults import laboratory
from m2s_orchestration_tests.faults.laboratory import Laboratory, Row

Part = Callable[[Laboratory, bool], list[Row]]

# Each is a module's `run(laboratory, short)`.
PARTS: dict[str, Part] = {}

HEAD = ("part", "tried", "duplicates", "lost", "unknown", "wrong", "verdict")


def main() -> int:
    """Run the parts; 1 if any row of the table breaks the promise."""
    parser = argparse.ArgumentParser(description="Every fault on purpose, and what became of it.")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="only these (default: all)")
    parser.add_argument("--short", action="store_true", help="a sample, within a few minutes")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with laboratory.opened() as opened:
        for name in arguments.parts or PARTS:
            began = time.monotonic()
            rows += PARTS[name](opened, arguments.short)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(table(rows))
    for finding in (finding for row in rows for finding in row.findings):
        print(f"  {finding}")
    return 0 if all(row.holds for row in rows) else 1


def table(rows: Sequence[Row]) -> str:
    """The rows as a table that Markdown shows as one."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    figures = (row.tried, row.duplicates, row.lost, row.unknown, row.wrong)
    return (row.part, *(f"{figure:,}" for figure in figures), "holds" if row.holds else "BROKEN")


if __name__ == "__main__":
    sys.exit(main())
