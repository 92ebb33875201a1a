"""Draws curves as SVG that any viewer shows: no script, no font from elsewhere."""

from __future__ import annotations

import math
from pathlib import Path

import pygal
from pygal.style import Style

from benchmarks.findings import Plot

STYLE = Style(
    background="white",
    plot_background="white",
    font_family="sans-serif",
    colors=(
        *("#c0392b", "#7f8c8d", "#1f618d", "#27ae60", "#8e44ad", "#d68910", "#16a085", "#2c3e50"),
    ),
)


def draw(plot: Plot, folder: Path) -> Path:
    """Write the plot as `<name>.svg`; returns the file."""
    chart = pygal.Line(
        title=plot.title,
        x_title=plot.across,
        y_title=f"{plot.up} (logarithmic)",
        style=STYLE,
        js=(),
        width=720,
        height=400,
        logarithmic=True,
        legend_at_bottom=True,
        show_minor_y_labels=False,
        disable_xml_declaration=True,
        no_prefix=True,
        pretty_print=False,
    )
    chart.x_labels = list(plot.places)
    values = [value for curve in plot.curves.values() for value in curve if value]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    chart.y_labels = [10.0**power for power in range(low, high + 1)]
    chart.value_formatter = lambda value: f"{value:g}"
    for name, curve in plot.curves.items():
        chart.add(name, list(curve))
    file = folder / f"{plot.name}.svg"
    file.write_text(chart.render(is_unicode=True) + "\n", encoding="utf-8")
    return file
