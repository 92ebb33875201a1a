"""Rounds in which the next message begins with the end of the one in hand."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from m2s_orchestration.delivery import hand
from m2s_orchestration.delivery.errand import Errand
from m2s_orchestration.errors import IncompleteDelivery, LeaseLost
from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation
from m2s_orchestration_tests.integration.delivery.plans import attempts, column, lose
from m2s_orchestration_tests.integration.delivery.post import JANE, JIM, JOHN, Post
from m2s_orchestration_tests.smtp_script import answer, drop, hang


def test_a_round_stopped_at_a_dot_finishes_that_message_and_not_the_one_begun_with_it(
    post: Post, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    errands: list[Errand] = []
    really = Errand.reserve

    def reserve(errand: Errand) -> int | None:
        errands.append(errand)
        return really(errand)

    monkeypatch.setattr(Errand, "reserve", reserve)
    post.server.on("dot", hang(), recipient=JANE)
    post.plan(JANE, JOHN)

    running = pool.submit(post.round)
    post.server.wait_for("dot")
    errands[0].halt()
    went = post.let_go(running)
    post.server.wait_until_idle()

    assert went.results == Counter(sent=1)
    post.check(jane="sent", john="planned")
    assert attempts(post.connection, JOHN) == []


def test_what_was_begun_is_not_sent_by_one_who_lost_the_lease_meanwhile(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("dot", hang(), recipient=JANE)
    post.plan(JANE, JOHN)

    running = pool.submit(post.round)
    post.server.wait_for("dot")
    lose(post.connection)
    went = post.let_go(running)
    post.server.wait_until_idle()

    assert isinstance(went.fault, LeaseLost)
    post.check(jane="sent", john="planned")


def test_what_was_begun_when_the_time_was_over_is_left_to_another_run(
    post: Post, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.server.on("dot", hang(), recipient=JANE)
    post.plan(JANE, JOHN)

    running = pool.submit(post.round)
    post.server.wait_for("dot")
    monkeypatch.setattr(post.lease, "_ends_at", 0.0)
    went = post.let_go(running)
    post.server.wait_until_idle()

    assert isinstance(went.fault, IncompleteDelivery)
    post.check(jane="sent", john="planned")


def test_a_lost_answer_is_doubt_about_one_message_and_the_next_goes_out_anew(post: Post) -> None:
    post.server.on("dot", drop(accepts=True), recipient=JANE)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert went.results == Counter(unknown=1, sent=2)
    post.check(jane="unknown", john="sent", jim="sent")
    assert post.server.reached("connect") == 2


def test_a_recipient_refused_ahead_is_asked_for_once(post: Post) -> None:
    post.server.on("recipient", answer(550, "5.1.1 nobody"), recipient=JOHN)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert went.results == Counter(sent=2, failed=1)
    post.check(jane="sent", john="failed", jim="sent")
    assert attempts(post.connection, JOHN) == ["failed"]
    assert column(post.connection, "tries", JOHN) == 1
    assert post.server.commands.count(f"RCPT TO:<{JOHN}>") == 1
    assert post.server.reached("connect") == 1


def test_a_message_refused_at_its_end_keeps_nothing_from_the_next(post: Post) -> None:
    post.server.on("dot", answer(554, "5.7.1 spam"), recipient=JANE)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert went.results == Counter(sent=2, failed=1)
    post.check(jane="failed", john="sent", jim="sent")
    assert post.server.reached("connect") == 1


def test_no_message_begins_with_the_last_one_of_a_connection(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "MESSAGES_PER_CONNECTION", 2)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert went.results == Counter(sent=3)
    assert (post.server.reached("connect"), post.server.reached("quit")) == (2, 2)
    assert post.server.reached("sender") == 3


def test_a_delivery_that_was_settled_meanwhile_is_not_begun(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("body", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    post.server.on("data", hang(), recipient=JANE)

    running = pool.submit(post.round)
    post.server.wait_for("data")
    post.connection.execute(
        "UPDATE m2s_orchestration.delivery SET state = 'failed' WHERE address = %s", (JOHN,)
    )
    went = post.let_go(running)

    assert went.results == Counter(sent=2)
    post.check(jane="sent", john="failed", jim="sent")
    assert f"RCPT TO:<{JOHN}>" not in post.server.commands


def test_a_server_that_leaves_without_a_word_hears_nothing_with_a_dot_any_more(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    followers: list[str] = []
    really = Conversation.follow_with

    def follow_with(conversation: Conversation, letter: Letter) -> None:
        followers.append(letter.recipient)
        really(conversation, letter)

    monkeypatch.setattr(Conversation, "follow_with", follow_with)
    post.server.on("sender", drop(), after=1, times=1)
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert went.results == Counter(sent=3)
    assert followers == [JOHN]
    assert post.server.reached("connect") == 2
