"""`make kubernetes`: what can be shown of the deployment without a cluster, as a table.

What the files say is held against Kubernetes' rules and the chart's; then whatever may happen to a
run on a cluster is tried in an installation of Dagster on this machine. With a chart at hand Helm
renders it as well. With a kubeconfig of an API server without nodes that server takes the place of
our own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from m2s_orchestration_tests.kubernetes import checks
from m2s_orchestration_tests.kubernetes.chart import rendered
from m2s_orchestration_tests.kubernetes.cluster.real_cluster import HasNodes, NoAnswer
from m2s_orchestration_tests.kubernetes.scenarios import scenarios
from m2s_orchestration_tests.kubernetes.table import Row, show


def main() -> int:
    """Print the table; exit status 1 if any of its rows does not hold."""
    parser = argparse.ArgumentParser(prog="make kubernetes", description=__doc__)
    parser.add_argument("--chart", type=Path, help="the folder of Dagster's Helm chart")
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        help="of an API server without nodes (default: $KUBECONFIG, else a server of our own)",
    )
    arguments = parser.parse_args()
    found = [*_rows(arguments.chart), *_explored(arguments.kubeconfig)]
    return show("Kubernetes", found)


def _rows(chart: Path | None) -> Iterator[Row]:
    """What needs no cluster."""
    yield from checks.rows()
    if chart:
        yield from rendered.rows(chart)


def _explored(asked_for: Path | None) -> list[Row]:
    """The scenarios, on the API server of a kubeconfig or on our own.

    Whoever has $KUBECONFIG set for another purpose gets our own, and is told; whoever asks for one
    by --kubeconfig gets that or none.
    """
    named = asked_for or (Path(found) if (found := os.environ.get("KUBECONFIG")) else None)
    if named is None:
        return _explore(None)
    try:
        return _explore(named)
    except (HasNodes, NoAnswer) as fault:
        if asked_for:
            return [Row("--kubeconfig", "the scenarios on its API server", str(fault), holds=False)]
        told = f"{fault}: our own takes its place"
        row = Row("KUBECONFIG", "the scenarios on its API server", told, holds=True)
        return [row, *_explore(None)]


def _explore(kubeconfig: Path | None) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="m2s-kubernetes-") as folder:
        return scenarios.explore(Path(folder), kubeconfig)


if __name__ == "__main__":
    sys.exit(main())
