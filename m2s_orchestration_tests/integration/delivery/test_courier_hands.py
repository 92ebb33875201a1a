"""Hands that leave a round to the others: a server may serve some connections and not all."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, main_thread
from typing import Any

import pytest

from m2s_orchestration.delivery.errand import Round
from m2s_orchestration.errors import IncompleteDelivery, LeaseLost, ServerUnavailable
from m2s_orchestration_tests.integration.delivery.plans import attempts, lose
from m2s_orchestration_tests.integration.delivery.post import JANE, JIM, JOHN, Post
from m2s_orchestration_tests.smtp_script import answer, answer_and_drop, drop, hang

CROWDED = answer_and_drop(421, "4.7.0 too many connections")


@pytest.mark.parametrize("stage", ["connect", "helo", "sender"])
@pytest.mark.parametrize("act", [CROWDED, drop(), answer(450, "4.7.0 one at a time")], ids=repr)
def test_a_server_that_allows_one_connection_gets_everything_over_it(
    stage: Any, act: Any, post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.server.on(stage, act, beside=1)
    post.plan(JANE, JOHN, JIM)

    running = pool.submit(post.round, 2)
    # One has its message in hand, and the other has tried three times and left.
    post.server.wait_for("data")
    post.server.wait_for("connect", 4)
    post.server.wait_until_only(1)
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert attempts(post.connection) == ["sent"]
    post.check(jane="sent", john="sent", jim="sent")


def test_what_is_given_back_is_served_by_a_hand_that_had_nothing_to_do(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    running = one_waits_while_the_other_connects(post, pool)
    post.server.on("helo", CROWDED, times=3)
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=2))
    assert post.server.reached("helo") == 5
    post.check(jane="sent", john="sent")


def test_when_the_last_hand_leaves_its_fault_is_the_rounds(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("dot", hang(), times=1)
    post.plan(JANE, JOHN, JIM)

    running = pool.submit(post.round, 2)
    post.server.wait_for("dot")
    post.server.on("connect", CROWDED)
    post.server.on("sender", answer_and_drop(421, "4.3.2 going down"))
    went = post.let_go(running)

    assert isinstance(went.fault, ServerUnavailable)
    assert went.results["sent"] >= 1
    assert Counter(sent=3) > went.results


def test_a_hand_that_waits_for_the_others_hears_of_an_interrupt(
    post: Post,
) -> None:
    post.server.on("dot", hang(), recipient=JANE)
    post.plan(JANE, JOHN)
    main = main_thread().ident
    assert main is not None
    interrupted = Event()

    def on_signal(*_: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    def interrupt() -> None:
        post.server.wait_for("dot", 2)
        post.server.wait_for("quit")
        signal.pthread_kill(main, signal.SIGUSR1)
        assert interrupted.wait(10)
        post.release_until(lambda: len(post.server.accepted) == 2)

    with _handling(signal.SIGUSR1, on_signal), ThreadPoolExecutor(1) as pool:
        other = pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            post.round(2)
        other.result()

    post.check(jane="sent", john="sent")


def test_a_hand_that_waits_for_the_others_hears_that_the_lease_is_lost(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), recipient=JANE)
    post.plan(JANE, JOHN)

    running = pool.submit(post.round, 2)
    post.server.wait_for("quit")
    lose(post.connection)
    went = post.let_go(running)

    assert isinstance(went.fault, LeaseLost)
    assert went.results == Counter(sent=1)
    post.check(jane="planned", john="sent")


def test_what_is_given_back_after_the_deadline_is_left_to_another_run(
    post: Post, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = one_waits_while_the_other_connects(post, pool)
    monkeypatch.setattr(post.lease, "_ends_at", 0.0)
    post.server.on("helo", CROWDED, times=3)
    went = post.let_go(running)

    assert isinstance(went.fault, IncompleteDelivery)
    assert went.results == Counter(sent=1)


def one_waits_while_the_other_connects(post: Post, pool: ThreadPoolExecutor) -> Future[Round]:
    """A round over two messages: one is sent, and whoever has the other gets no answer yet."""
    post.server.on("connect", hang(), beside=1, times=1)
    post.plan(JANE, JOHN)
    with post.database.connect("somebody") as somebody, somebody.transaction():
        somebody.execute("SELECT FROM m2s_orchestration.delivery FOR UPDATE")
        running = pool.submit(post.round, 2)
        post.server.wait_for("connect", 2)
    # Whoever was served has nothing left to do and says goodbye.
    post.server.wait_for("quit")
    return running


@contextmanager
def _handling(number: signal.Signals, handler: Any) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
