"""How a cost grows: the exponent of the power of a size that fits it best."""

from __future__ import annotations

import math
from collections.abc import Sequence


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
