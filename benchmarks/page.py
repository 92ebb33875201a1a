"""The page docs/speed.md, made of what each benchmark left in docs/speed when it was last run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.findings import Findings, Plot, Row

DOCS = Path(__file__).resolve().parents[1] / "docs"
FIGURES = DOCS / "speed"
PAGE = DOCS / "speed.md"

HEAD = """# Speed and scale

Made by `make bench`, which measures everything anew; `make bench BENCH=name` measures one part.
What the figures mean for one club, or for many, is in [scale.md](scale.md).

A *ratio* says how many times better than the baseline our figure is: less time, less memory or
more mails. 0.5 is half as good. A *bar* is the ratio that was asked for. Both figures of a ratio
were measured in the same run; another machine will show other figures, and ratios little different.
"""


@dataclass(frozen=True)
class Told:
    """What one benchmark found, with what stands over it."""

    name: str
    title: str
    text: str
    machine: str
    findings: Findings


def keep(told: Told) -> None:
    """Leave the figures of one benchmark for the page."""
    FIGURES.mkdir(exist_ok=True)
    file = FIGURES / f"{told.name}.json"
    file.write_text(json.dumps(asdict(told), indent=1) + "\n", encoding="utf-8")


def kept(name: str) -> Told | None:
    """What a benchmark left when it was last run."""
    file = FIGURES / f"{name}.json"
    if not file.exists():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    findings = found.pop("findings")
    return Told(
        **found,
        findings=Findings(
            rows=tuple(Row(**row) for row in findings["rows"]),
            plots=tuple(map(_plot, findings["plots"])),
            remarks=tuple(findings["remarks"]),
        ),
    )


def _plot(found: dict[str, Any]) -> Plot:
    curves = {name: tuple(curve) for name, curve in found.pop("curves").items()}
    return Plot(**found | {"places": tuple(found["places"])}, curves=curves)


def write(parts: Iterable[Told]) -> None:
    """Write the page anew."""
    PAGE.write_text("\n".join([HEAD, *map(_section, parts)]), encoding="utf-8")


def as_table(findings: Findings, title: str) -> Table:
    """The table for a terminal."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for name in ("what", "at", "ours", "baseline", "its figure", "ratio", "bar"):
        table.add_column(name, justify="left" if name in {"what", "at", "baseline"} else "right")
    for row in findings.rows:
        table.add_row(*_cells(row))
    return table


def _section(told: Told) -> str:
    return "\n".join(
        [
            f"## {told.title}\n",
            f"{told.text}\n",
            f"Measured {told.machine}.\n",
            "| what | at | ours | baseline | its figure | ratio | bar |",
            "|---|---|--:|---|--:|--:|--:|",
            *(f"| {' | '.join(_cells(row))} |" for row in told.findings.rows),
            "",
            *_below(told.findings),
        ]
    )


def _below(findings: Findings) -> Iterator[str]:
    yield from (f"- {remark}" for remark in findings.remarks)
    if findings.remarks:
        yield ""
    for plot in findings.plots:
        yield f"![{plot.title}](speed/{plot.name}.svg)\n"


def _cells(row: Row) -> list[str]:
    ratio = f"{_figure(row.ratio)}×" if row.ratio else ""
    bar = "" if row.bar is None else f"{row.bar:g}×{'' if row.holds else ', missed'}"
    against = f"{_figure(row.against)} {row.unit}" if row.against is not None else ""
    return [
        row.what,
        row.at,
        f"{_figure(row.figure)} {row.unit}",
        row.baseline,
        against,
        ratio,
        bar,
    ]


def _figure(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
