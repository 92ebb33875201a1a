"""Which parameters are refused, by name."""

from __future__ import annotations

import pytest

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.notifications.notify_late_sprs.parameters import OFFICES, Parameters


@pytest.mark.parametrize("max_days", [6, 0, -1, 7.5, "90", None, 3651])
def test_a_window_in_which_nothing_is_overdue_is_refused(max_days: object) -> None:
    with pytest.raises(BadParameter, match="max_days"):
        checked(Parameters, {"max_days": max_days})


def test_the_shortest_window_is_a_week_and_the_usual_one_90_days() -> None:
    assert checked(Parameters, {"max_days": 7}).max_days == 7
    assert checked(Parameters, {}).max_days == 90


@pytest.mark.parametrize(
    ("copies", "named"),
    [
        ({"final": ["director"]}, "no level 'final'.*FINAL"),
        ({"FINAL": ["director", "dictator"]}, "no office 'dictator'.*safety_officer"),
        ({"FINAL": ["instructor"]}, "no office 'instructor'"),
        ({"FINAL": "director"}, "escalation_cc"),
        ({"FINAL": [1]}, "escalation_cc"),
        (["director"], "escalation_cc"),
    ],
)
def test_unknown_levels_and_offices_are_refused_by_name(copies: object, named: str) -> None:
    with pytest.raises(BadParameter, match=named) as refused:
        checked(Parameters, {"escalation_cc": copies})
    assert "escalation_cc" in str(refused.value)


def test_every_office_may_have_copies() -> None:
    parameters = checked(Parameters, {"escalation_cc": {"NOTICE": list(OFFICES), "FINAL": []}})
    assert parameters.offices_for(["NOTICE", "FINAL", "WARNING"]) == set(OFFICES)
    assert parameters.offices_for(["FINAL"]) == set()
