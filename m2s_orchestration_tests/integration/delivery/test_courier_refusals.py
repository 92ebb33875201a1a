from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import (
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.plans import (
    TICK,
    attempts,
    column,
)
from m2s_orchestration_tests.integration.delivery.post import (
    JANE,
    JIM,
    JOHN,
    Post,
    assert_untouched,
)
from m2s_orchestration_tests.smtp_script import (
    Stage,
    answer,
    answer_and_drop,
    drop,
    hang,
    say,
)
from m2s_orchestration_tests.smtp_server import SmtpServer


@pytest.mark.parametrize(
    ("stage", "code", "state"),
    [
        ("recipient", 450, "retry"),
        ("recipient", 452, "retry"),
        ("recipient", 552, "retry"),
        ("recipient", 550, "failed"),
        ("recipient", 553, "failed"),
        ("data", 451, "retry"),
        ("data", 554, "failed"),
        ("dot", 451, "retry"),
        ("dot", 452, "retry"),
        ("dot", 552, "failed"),
        ("dot", 554, "failed"),
    ],
)
def test_one_recipients_fault_is_theirs_alone(
    stage: Stage, code: int, state: str, post: Post
) -> None:
    post.server.on(stage, answer(code, "5.7.1 because of that"), recipient=JOHN)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert went.fault is None
    assert went.results == Counter({"sent": 2, state: 1})
    assert (column(post.connection, "reply_code", JOHN), attempts(post.connection, JOHN)) == (
        code,
        [state],
    )
    assert "because of that" in column(post.connection, "reply_text", JOHN)
    assert str(code) in column(post.connection, "reason", JOHN)
    assert column(post.connection, "tries", JOHN) == 1
    # 452 may be about the connection: the same is asked once over a new one.
    assert post.server.reached("connect") == (2 if (stage, code) == ("recipient", 452) else 1)
    post.check(jane="sent", john=state, jim="sent")


@pytest.mark.parametrize("stage", ["recipient", "dot"])
def test_the_pauses_grow(stage: Stage, post: Post) -> None:
    post.server.on(stage, answer(450, "4.2.0 later"))
    post.plan(JANE)
    minutes = []

    for _ in range(5):
        assert post.round().results == Counter(retry=1)
        pause = column(post.connection, "not_before") - datetime.now(UTC)
        minutes.append(round(pause / timedelta(minutes=1)))

    assert minutes == [5, 15, 30, 60, 60]
    assert column(post.connection, "tries") == 5
    assert attempts(post.connection) == ["retry"] * 5
    post.server.forget_rules()
    assert post.round().results == Counter(sent=1)
    post.check(jane="sent")


def test_a_message_that_waits_is_not_offered(post: Post) -> None:
    post.server.on("recipient", answer(450, "4.2.0 later"))
    post.plan(JANE)
    post.round()

    recorded = ledger.find(post.connection, notification=post.lease.notification, tick=TICK)
    assert recorded is not None
    assert ledger.unsent(post.connection, post.lease, recorded) == []


def test_an_address_that_the_server_cannot_handle_fails_alone(
    database: Database, connection: Connection, lease: Lease
) -> None:
    with SmtpServer(extensions=()) as server:
        post = Post(database, connection, lease, server)
        post.plan(JANE, "jürg@example.org", JIM)

        assert post.round().results == Counter(sent=2, failed=1)

        post.check(jane="sent", jürg="failed", jim="sent")
        assert "SMTPUTF8" in column(connection, "reason", "jürg@example.org")


def test_a_refused_login_stops_the_round_and_touches_nothing(
    database: Database, connection: Connection, lease: Lease
) -> None:
    with SmtpServer(login=("m2s", "right")) as server:
        post = Post(database, connection, lease, server)
        post.plan(JANE, JOHN, JIM)

        went = post.round(2, user="m2s", password="wrong")

        assert isinstance(went.fault, ServerRefusedUs)
        assert went.results == Counter()
        assert server.reached("sender") == 0
        assert_untouched(post)


def test_a_refused_sender_stops_the_round_and_touches_nothing(post: Post) -> None:
    post.server.on("sender", answer(550, "5.7.1 not your address"))
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert isinstance(went.fault, ServerRefusedUs)
    assert "not your address" in str(went.fault)
    assert post.server.reached("sender") == 1
    assert_untouched(post)


@pytest.mark.parametrize("stage", ["connect", "helo", "sender"])
@pytest.mark.parametrize("act", [drop(), answer_and_drop(421), answer(454), say(b"who is it?\r\n")])
def test_a_server_that_serves_nobody_stops_the_round_and_touches_nothing(
    stage: Stage, act: Any, post: Post
) -> None:
    post.server.on(stage, act)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert isinstance(went.fault, ServerUnavailable)
    assert post.server.reached("connect") == 3
    assert_untouched(post)


def test_a_server_that_is_not_there_stops_the_round_and_touches_nothing(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)
    post.server.stop()

    went = post.round(2)

    assert isinstance(went.fault, ServerUnavailable)
    assert_untouched(post)


def test_a_server_that_says_nothing_stops_the_round_and_touches_nothing(post: Post) -> None:
    post.server.on("connect", hang())
    post.plan(JANE, JOHN, JIM)

    went = post.round(timeout=0.1)

    assert isinstance(went.fault, ServerUnavailable)
    assert_untouched(post)
