"""The exponent of a cost is found whatever else multiplies it."""

from __future__ import annotations

import pytest

from benchmarks.fit import exponent

SIZES = (75, 750, 7_500)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_power_is_found_again(power: float) -> None:
    costs = [0.003 * size**power for size in SIZES]

    assert exponent(SIZES, costs) == pytest.approx(power)


def test_what_was_not_measured_counts_for_nothing() -> None:
    assert exponent(SIZES, [1.0, None, 100.0]) == pytest.approx(1.0)


def test_one_size_says_nothing() -> None:
    assert exponent(SIZES, [1.0, None, None]) is None
