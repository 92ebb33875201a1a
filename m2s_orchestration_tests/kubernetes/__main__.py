"""`make kubernetes`: what can be shown of the deployment without a cluster, as a table."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from m2s_orchestration_tests.kubernetes import chart, checks
from m2s_orchestration_tests.kubernetes.table import show


def main() -> int:
    """Print the table; exit status 1 if any of its rows does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chart", type=Path, help="the folder of Dagster's Helm chart")
    arguments = parser.parse_args()
    found = [*checks.rows(), *(chart.rows(arguments.chart) if arguments.chart else ())]
    console = Console()
    show(found, console if console.is_terminal else Console(width=160))
    return int(not all(row.holds for row in found))


if __name__ == "__main__":
    sys.exit(main())
