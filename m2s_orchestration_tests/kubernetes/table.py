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


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the rows as a table, those that do not hold marked."""
    table = Table("component", "scenario", "outcome", "holds", title="Kubernetes")
    for row in rows:
        style = None if row.holds else "bold red"
        table.add_row(
            row.component, row.scenario, row.outcome, "yes" if row.holds else "NO", style=style
        )
    console.print(table)
