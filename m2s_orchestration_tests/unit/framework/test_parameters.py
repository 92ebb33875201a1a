from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.parameters import (
    IsoDate,
    Parameters,
    RunOptions,
    checked,
    parse_assignments,
)


class Chosen(Parameters):
    """Some parameters."""

    days: int = Field(default=7, ge=1, le=365, description="How old.")
    share: float = Field(default=0.5, description="How much.")
    subject: str = Field(default="", description="What about.")
    urgent: bool = Field(default=False, description="How soon.")
    since: IsoDate = Field(default="", description="From when.")


def test_defaults_hold_where_nothing_is_said() -> None:
    assert checked(Chosen, {}) == Chosen()
    assert checked(RunOptions, {}) == RunOptions(
        dry_run=False, force=False, send_late=False, as_of="", wait=-1
    )


def test_values_take_their_place() -> None:
    found = checked(Chosen, {"days": 14, "share": 1, "urgent": True, "since": "2026-03-02"})

    assert found == Chosen(days=14, share=1.0, urgent=True, since="2026-03-02")


def test_parameters_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Chosen().days = 8


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("days", "7", "The parameter days is '7': input should be a valid integer"),
        ("days", 7.0, "The parameter days is 7.0: "),
        ("days", True, "The parameter days is True: "),
        ("days", None, "The parameter days is None: "),
        ("days", 0, "The parameter days is 0: input should be greater than or equal to 1"),
        ("share", "half", "The parameter share is 'half': "),
        ("subject", 5, "The parameter subject is 5: input should be a valid string"),
        ("urgent", "yes", "The parameter urgent is 'yes': input should be a valid boolean"),
        ("urgent", 1, "The parameter urgent is 1: "),
        ("since", "2026-02-30", "The parameter since is '2026-02-30': not a date"),
        ("since", "20260302", "The parameter since is '20260302': not a date"),
        ("since", date(2026, 3, 2), "The parameter since is "),
    ],
)
def test_what_is_wrong_is_told_with_its_value(name: str, value: object, told: str) -> None:
    with pytest.raises(BadParameter) as caught:
        checked(Chosen, {name: value})

    assert str(caught.value).startswith(told)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadParameter) as caught:
        checked(Chosen, {"days": 0, "subject": 5, "color": "red"})

    told = str(caught.value)
    assert all(name in told for name in ("days", "subject", "'color'"))
    assert told.count(";") == 2


def test_an_unknown_one_is_told_with_the_known_ones() -> None:
    with pytest.raises(BadParameter, match="'day': the known ones are days, share, subject"):
        checked(Chosen, {"day": 7})
    with pytest.raises(BadParameter, match="'day': the known ones are none"):
        checked(Parameters, {"day": 7})


@pytest.mark.parametrize("wait", [-2, 3601, 1.5, "90"])
def test_what_is_no_wait_is_refused(wait: object) -> None:
    with pytest.raises(BadParameter, match="The parameter wait is"):
        checked(RunOptions, {"wait": wait})


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("days=14", 14),
        ("days = 14", 14),
        ("days=-1", -1),
        ("days=1.5", 1.5),
        ("days=true", True),
        ("days=no", False),
        ("days=", None),
        ("days='14'", "14"),
        ("days=a=b", "a=b"),
        ("days=two words", "two words"),
        ("days=[1, 2]", [1, 2]),
        ("days=2026-03-02", "2026-03-02"),
        ("days=2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        ("days=2026-02-30", "2026-02-30"),
        ("days=2026-13-45T99:00:00Z", "2026-13-45T99:00:00Z"),
    ],
)
def test_an_assignments_value_is_read_as_yaml_and_dates_stay_text(
    typed: str, value: object
) -> None:
    assert parse_assignments([typed]) == {"days": value}


def test_several_assignments_and_the_last_wins() -> None:
    assert parse_assignments(["a=1", "b=2", "a=3"]) == {"a": 3, "b": 2}
    assert parse_assignments([]) == {}


@pytest.mark.parametrize("typed", ["days", "=7", " =7", ""])
def test_what_is_no_assignment_is_refused(typed: str) -> None:
    with pytest.raises(BadParameter, match="write name=value"):
        parse_assignments([typed])


@pytest.mark.parametrize(
    "typed", ["days=[1", "days={", "days=!!python/name:os.system", "days=\x00"]
)
def test_a_value_that_cannot_be_read_is_refused(typed: str) -> None:
    with pytest.raises(BadParameter, match="value of days cannot be read"):
        parse_assignments([typed])


@given(st.text(max_size=40))
def test_anything_typed_is_read_or_refused(typed: str) -> None:
    with suppress(BadParameter):
        parse_assignments([f"name={typed}"])
