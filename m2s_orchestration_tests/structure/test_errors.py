"""The family of errors is drawn as it is."""

from __future__ import annotations

import inspect
import re

import pytest

from m2s_orchestration import errors
from m2s_orchestration.errors import OrchestrationError

CLASSES = [item for _, item in inspect.getmembers(errors, inspect.isclass)]
BRANCH = re.compile(r"^(?P<lead>[│├└─ ]*)(?P<name>[A-Z]\w+)")
STEP = 4  # characters from one generation to the next


@pytest.mark.parametrize("error", CLASSES, ids=lambda error: error.__name__)
def test_an_error_explains_itself(error: type[OrchestrationError]) -> None:
    assert issubclass(error, OrchestrationError)
    assert error.__doc__
    assert str(error()) == error.__doc__.strip()


def test_the_drawn_tree_is_the_real_one() -> None:
    real = {
        error.__name__: error.__mro__[1].__name__
        for error in CLASSES
        if error is not OrchestrationError
    }

    assert _drawn() == real


def _drawn() -> dict[str, str]:
    """Each error's name and its parent's, as the module's docstring draws them."""
    parents: dict[str, str] = {}
    line_of_descent: list[str] = []
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines():
        if match := BRANCH.match(line):
            depth = len(match["lead"]) // STEP
            line_of_descent[depth:] = [match["name"]]
            if depth:
                parents[match["name"]] = line_of_descent[depth - 1]
    return parents
