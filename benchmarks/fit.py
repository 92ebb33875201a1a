"""How a cost grows: the exponent of the power of a size that fits it best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def exponent(sizes: Sequence[float], costs: Sequence[float | None]) -> float | None:
    """The slope by least squares where both are logarithmic; None where it says nothing.

    1 is a cost that grows as the size does, 0 one that does not grow at all.
    """
    points = [
        (math.log(size), math.log(cost))
        for size, cost in zip(sizes, costs, strict=True)
        if cost is not None and cost > 0
    ]
    if len({x for x, _ in points}) < 2:
        return None
    middle = (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
    over = sum((x - middle[0]) * (y - middle[1]) for x, y in points)
    return over / sum((x - middle[0]) ** 2 for x, _ in points)


def on_growth(what: str, sizes: Sequence[float], seconds: Sequence[Mapping[str, float]]) -> str:
    """A sentence: with which power of the sizes each name's seconds grow, one mapping a size."""
    powers = {name: exponent(sizes, [one[name] for one in seconds]) or 0.0 for name in seconds[0]}
    told = ", ".join(f"{name} {power:.2f}" for name, power in powers.items())
    return f"The power of the {what} with which the time grows: {told}."
