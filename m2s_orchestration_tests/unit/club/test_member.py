"""What people are called."""

from __future__ import annotations

from typing import Any

import pytest

from m2s_orchestration_tests.factories import member


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "Alice Archer7"),
        ({"nickname": " Al "}, "Al Archer7"),
        ({"nickname": "  "}, "Alice Archer7"),
        ({"middle_initial": "B", "name_suffix": "Jr."}, "Alice B Archer7, Jr."),
        ({"name_suffix": " "}, "Alice Archer7"),
        ({"first_name": " Alice\n", "last_name": "van \t Archer"}, "Alice van Archer"),
        ({"membership_status": "Deceased"}, "Alice Archer7\N{DAGGER}"),
        ({"first_name": "", "last_name": " "}, "Member 7"),
        ({"first_name": "", "last_name": "", "nickname": "Al"}, "Al"),
    ],
)
def test_a_person_is_called_by_their_name_on_one_line(values: dict[str, Any], name: str) -> None:
    assert member(7, **values).display_name == name


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"nickname": "Al"}, "Alice"),
        ({"first_name": "Alice\n\nThe field is closed."}, "Alice The field is closed."),
        ({"first_name": " "}, "Archer7"),
        ({"first_name": "", "last_name": ""}, "Member 7"),
    ],
)
def test_a_letter_begins_with_a_name_on_one_line(values: dict[str, Any], name: str) -> None:
    assert member(7, **values).greeting_name == name
