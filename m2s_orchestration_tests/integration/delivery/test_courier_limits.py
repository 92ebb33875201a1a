"""Servers that take only so many messages over one connection, and say so in many ways."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from m2s_orchestration.delivery import hand
from m2s_orchestration_tests.integration.delivery.plans import attempts
from m2s_orchestration_tests.integration.delivery.post import JANE, JIM, JOHN, Post
from m2s_orchestration_tests.smtp_script import Stage, answer, answer_and_drop, drop

PEOPLE = tuple(f"member{number}@example.org" for number in range(5))


@pytest.mark.parametrize(
    ("stage", "act"),
    [
        ("sender", drop()),
        ("sender", answer_and_drop(421, "4.7.0 too many messages")),
        ("sender", answer(450, "4.7.1 too many messages")),
        ("sender", answer(452, "4.5.3 too many messages")),
        ("recipient", answer_and_drop(421, "4.7.0 too many recipients")),
        ("recipient", answer(452, "4.5.3 too many recipients")),
        ("data", answer_and_drop(421, "4.7.0 too many messages")),
    ],
)
def test_a_limit_of_messages_costs_a_new_connection_and_no_pause(
    stage: Stage, act: Any, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever pauses here before a new connection gives up.
    monkeypatch.setattr(hand, "RECONNECT_AFTER", ())
    post.server.on(stage, act, after=2)
    post.plan(*PEOPLE)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter(sent=5))
    assert post.server.reached("connect") == 3
    assert post.accepted == Counter(PEOPLE)
    for person in PEOPLE:
        assert attempts(post.connection, person) == ["sent"]


@pytest.mark.parametrize("stage", ["sender", "recipient"])
def test_a_server_without_room_on_a_new_connection_is_asked_again_later(
    stage: Stage, post: Post
) -> None:
    post.server.on(stage, answer(452, "4.3.1 insufficient storage"), times=2)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter(sent=1, retry=2))
    assert post.server.reached("connect") == 1
    post.check(jane="retry", john="retry", jim="sent")
