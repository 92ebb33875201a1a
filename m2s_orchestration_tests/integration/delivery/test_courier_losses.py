from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from m2s_orchestration_tests.integration.delivery.plans import (
    attempts,
    column,
    states,
)
from m2s_orchestration_tests.integration.delivery.post import (
    JANE,
    JIM,
    JOHN,
    Post,
)
from m2s_orchestration_tests.smtp_script import (
    Stage,
    accept_but_say,
    answer_and_drop,
    drop,
    hang,
    say,
)


@pytest.mark.parametrize("stage", ["connect", "helo", "sender", "recipient", "data"])
@pytest.mark.parametrize("act", [drop(), answer_and_drop(421)])
def test_a_connection_that_ends_before_the_dot_is_made_again(
    stage: Stage, act: Any, post: Post
) -> None:
    post.server.on(stage, act, times=2)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert post.server.reached("connect") == 3
    assert attempts(post.connection) == ["sent"]
    post.check(jane="sent", john="sent", jim="sent")


@pytest.mark.parametrize("stage", ["recipient", "data"])
def test_a_poisonous_message_does_not_stop_the_others(stage: Stage, post: Post) -> None:
    post.server.on(stage, drop(), recipient=JOHN)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter(sent=2, retry=1))
    assert attempts(post.connection, JOHN) == ["retry"]
    post.check(jane="sent", john="retry", jim="sent")


def test_a_message_that_kills_the_server_while_it_reads_does_not_stop_the_others(
    post: Post,
) -> None:
    post.server.on("body", drop(), recipient=JOHN)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    # Whether its dot was out when the connection ended is a matter of microseconds.
    john = states(post.connection)[JOHN]
    assert john in {"retry", "unknown"}
    assert went.results == Counter({"sent": 2, john: 1})
    post.check(jane="sent", john=john, jim="sent")


@pytest.mark.parametrize(
    "act",
    [
        hang(),
        hang(accepts=True),
        drop(),
        drop(accepts=True),
        say(b"what?\r\n"),
        accept_but_say(b"\xff\xfe\r\n"),
        accept_but_say(b"250"),
        say(b"354 go on\r\n"),
    ],
)
def test_without_an_answer_to_the_dot_a_message_is_in_doubt_and_the_others_go_on(
    act: Any, post: Post
) -> None:
    post.server.on("dot", act, recipient=JOHN)
    post.plan(JANE, JOHN, JIM)

    went = post.round(reply_timeout=0.2)

    assert went.results == Counter(sent=2, unknown=1)
    assert went.fault is None
    assert attempts(post.connection, JOHN) == ["unknown"]
    assert column(post.connection, "reason", JOHN) != ""
    post.check(jane="sent", john="unknown", jim="sent")


@pytest.mark.parametrize("accepts", [True, False])
def test_what_is_in_doubt_is_never_sent_again(accepts: bool, post: Post) -> None:
    post.server.on("dot", drop(accepts=accepts), times=1)
    post.plan(JANE)
    post.round()

    again = post.round()

    assert again.results == Counter()
    assert post.server.reached("dot") == 1
    post.check(jane="unknown")


@pytest.mark.parametrize("stage", ["quit", "reset"])
def test_what_happens_after_the_answer_changes_nothing(stage: Stage, post: Post) -> None:
    post.server.on(stage, drop())
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter(sent=3))
    post.check(jane="sent", john="sent", jim="sent")


@pytest.mark.parametrize(
    ("act", "state"),
    [(accept_but_say(b"250 taken, goodbye\r\n"), "sent"), (answer_and_drop(421), "retry")],
)
def test_a_server_that_leaves_after_each_message_is_called_again(
    act: Any, state: str, post: Post
) -> None:
    post.server.on("dot", act)
    post.server.on("sender", drop(), times=1)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter({state: 3}))
    post.check(jane=state, john=state, jim=state)
