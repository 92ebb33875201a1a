"""What the club calls the duty that somebody would swap."""

from __future__ import annotations

import pytest

from m2s_orchestration.club.swaps import duty_title
from m2s_orchestration_tests.factories import club


@pytest.mark.parametrize(
    ("role", "title"),
    [
        ("DO", "Boss"),
        ("ADO", "Assistant Duty Officer"),
        ("TOW", "Towpilot"),
        ("INSTRUCTOR", "Instructor"),
    ],
)
def test_a_code_has_the_clubs_own_title(role: str, title: str) -> None:
    within = club(titles={"duty_officer": "Boss"})
    assert duty_title(within, role, key="x", label="y") == title


def test_a_role_of_the_clubs_own_has_its_label_or_its_key() -> None:
    assert duty_title(club(), "DYNAMIC", key="grid_marshal", label=" Grid  Boss ") == "Grid Boss"
    assert duty_title(club(), "DYNAMIC", key="grid_marshal", label=" ") == "Grid Marshal"
    assert duty_title(club(), "DYNAMIC") == "Duty"
