"""What a benchmark found: rows for the table, curves for the plots, remarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["less", "more"]


@dataclass(frozen=True)
class Row:
    """One figure beside the figure of its baseline.

    `bar` is the ratio that is asked for: how many times better than the baseline; 0.5 allows half
    as good.
    """

    what: str
    at: str
    figure: float
    unit: str
    baseline: str = ""
    against: float | None = None
    better: Better = "less"
    bar: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better than the baseline."""
        if not self.against or not self.figure:
            return None
        return self.against / self.figure if self.better == "less" else self.figure / self.against

    @property
    def holds(self) -> bool:
        """Whether the bar is reached; without one there is nothing to reach."""
        return self.bar is None or (self.ratio is not None and self.ratio >= self.bar)


@dataclass(frozen=True)
class Plot:
    """Curves over the same few places, logarithmic upwards; None where nothing was measured."""

    name: str
    title: str
    across: str
    up: str
    places: tuple[str, ...]
    curves: dict[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Findings:
    """All that one benchmark found."""

    rows: tuple[Row, ...]
    plots: tuple[Plot, ...] = ()
    remarks: tuple[str, ...] = ()
