"""What an alert says of an occurrence in trouble."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from m2s_orchestration.framework import Parameters
from m2s_orchestration.monitoring.alert_operators import notification
from m2s_orchestration.monitoring.alert_operators.evaluate import (
    HEADLINES,
    LISTED,
    Facts,
    evaluate,
)
from m2s_orchestration.monitoring.alert_operators.rows import Mail, Rows, Trouble
from m2s_orchestration_tests.factories import club, occurrence


def trouble(kind: str = "failed", **values: Any) -> Trouble:
    defaults: dict[str, Any] = {
        "id": 1,
        "notification": "notify_something",
        "tick": datetime(2026, 3, 2, 8, tzinfo=UTC),
        "run_id": "r1",
        "link": None,
        "said": "",
    }
    return Trouble(kind=kind, **{**defaults, **values})


def mail(number: int, state: str, **values: Any) -> Mail:
    defaults: dict[str, Any] = {
        "trouble_id": 1,
        "recipient_key": f"member:{number}",
        "address": f"member{number}@example.org",
        "why": "",
    }
    return Mail(id=number, state=state, **{**defaults, **values})


def told(one: Trouble, *mails: Mail) -> Facts:
    decision = evaluate(Rows((one,), mails), occurrence(), club(), Parameters())
    (message,) = decision.messages
    assert isinstance(message.facts, Facts)
    return message.facts


@pytest.mark.parametrize("kind", HEADLINES)
def test_every_trouble_has_a_command_that_mends_it(kind: str) -> None:
    facts = told(trouble(kind), mail(1, "unknown"))

    assert all(command.startswith("m2s ") for command in facts.commands)
    assert facts.commands


def test_it_tells_what_was_sent_and_what_was_not_without_addresses() -> None:
    facts = told(trouble(), mail(1, "sent"), mail(2, "failed", why="550 no such user"))

    assert (facts.sent, facts.counts) == (1, "1 failed, 1 sent")
    assert [item.who for item in facts.unsent] == ["delivery 2, member:2 m***@example.org"]
    assert facts.unsent[0].why == "550 no such user"


def test_a_long_list_is_cut_and_says_how_much_is_missing() -> None:
    facts = told(trouble(), *(mail(number, "retry") for number in range(LISTED + 3)))

    assert (len(facts.unsent), facts.more) == (LISTED, 3)


def test_a_club_without_operators_is_told_nothing() -> None:
    rows = Rows((trouble(),), ())

    assert evaluate(rows, occurrence(), club(operators=None), Parameters()).messages == ()


def test_each_trouble_is_a_period_of_its_own() -> None:
    rows = Rows((trouble(), trouble("unknown", id=2)), ())

    assert evaluate(rows, occurrence(), club(), Parameters()).periods == ("trouble 1", "trouble 2")


def test_an_alert_is_rather_sent_twice_than_not_at_all() -> None:
    assert notification.in_doubt == "resend_same_bytes"
