"""The table of `make kubernetes`: what was tried with which part, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One thing that was tried; `holds` is whether it went as it should."""

    component: str
    scenario: str
    outcome: str
    holds: bool


def show(title: str, rows: Sequence[Row]) -> int:
    """Print the rows as a table and return the exit status: 1 if one does not hold.

    Those that do not hold come once more at the end, where the eye, or whoever keeps only the end
    of the output, finds them.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(_table(title, rows))
    faults = [row for row in rows if not row.holds]
    if faults:
        console.print(_table(f"{title}: what does not hold", faults))
    return int(bool(faults))


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table("component", "scenario", "outcome", "holds", title=title)
    for row in rows:
        style = None if row.holds else "bold red"
        table.add_row(
            row.component, row.scenario, row.outcome, "yes" if row.holds else "NO", style=style
        )
    return table
