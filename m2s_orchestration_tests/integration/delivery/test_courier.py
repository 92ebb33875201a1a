from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from m2s_orchestration.delivery import hand, ledger
from m2s_orchestration.delivery.errand import Errand
from m2s_orchestration.errors import (
    DatabaseUnreachable,
    OrchestrationError,
)
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.plans import (
    TICK,
    attempts,
    column,
    mail,
    plan,
    states,
)
from m2s_orchestration_tests.integration.delivery.post import (
    JANE,
    JIM,
    JOHN,
    Post,
)
from m2s_orchestration_tests.smtp_script import (
    hang,
)


def test_everything_is_sent_over_one_connection(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert post.server.reached("connect") == 1
    assert [message.recipient for message in post.server.accepted] == [JANE, JOHN, JIM]
    post.check(jane="sent", john="sent", jim="sent")


def test_the_server_gets_the_bytes_of_the_ledger(post: Post) -> None:
    post.plan(JANE)

    post.round()

    (message,) = post.server.accepted
    assert message.content == column(post.connection, "content")
    assert message.sender == "noreply@example.org"


def test_several_connections_share_the_work(post: Post) -> None:
    addresses = [f"member{number}@example.org" for number in range(40)]
    post.plan(*addresses)

    went = post.round(4)

    assert went.results == Counter(sent=40)
    assert post.server.reached("connect") == 4
    assert post.accepted == Counter(addresses)
    assert set(states(post.connection).values()) == {"sent"}


def test_there_are_no_more_connections_than_messages(post: Post) -> None:
    post.plan(JANE)

    post.round(8)

    assert post.server.reached("connect") == 1


def test_a_connection_is_not_used_for_ever(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand, "MESSAGES_PER_CONNECTION", 2)
    post.plan(*(f"member{number}@example.org" for number in range(5)))

    assert post.round().results == Counter(sent=5)

    assert post.server.reached("connect") == 3
    assert post.server.reached("quit") == 3


def test_a_delivery_that_was_sent_says_when_and_what_the_server_answered(post: Post) -> None:
    post.plan(JANE)

    post.round()

    sent_at, code, text, tries, reason = (
        column(post.connection, name)
        for name in ("sent_at", "reply_code", "reply_text", "tries", "reason")
    )
    assert datetime.now(UTC) - sent_at < timedelta(minutes=1)
    assert (code, tries, reason) == (250, 1, "")
    assert "bytes taken" in text
    assert attempts(post.connection) == ["sent"]


def test_a_fault_of_one_hand_stops_the_other_before_its_dot(
    post: Post, pool: ThreadPoolExecutor, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_stopped = threading.Event()
    really = Errand.end

    def end(errand: Errand, fault: OrchestrationError) -> None:
        really(errand, fault)
        is_stopped.set()

    monkeypatch.setattr(Errand, "end", end)
    post.server.on("data", hang(), recipient=JANE)
    post.plan(JANE, JOHN)
    with database.connect("somebody") as somebody, somebody.transaction():
        somebody.execute(
            "SELECT FROM m2s_orchestration.delivery WHERE address = %s FOR UPDATE", (JOHN,)
        )
        running = pool.submit(post.round, 2)
        post.server.wait_for("data", 2)
        # It asks again on a new connection, until that is cut too.
        eventually(lambda: not post.cut_whoever_waits() and is_stopped.is_set())
        went = post.let_go(running)

    assert isinstance(went.fault, DatabaseUnreachable)
    assert post.server.reached("dot") == 0
    post.check(jane="planned", john="planned")


def test_an_interrupt_lets_the_message_in_hand_finish_and_begins_no_other(post: Post) -> None:
    post.server.on("dot", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    interrupted = threading.Event()
    main = threading.main_thread().ident
    assert main is not None

    def on_signal(*_: object) -> None:
        interrupted.set()
        raise KeyboardInterrupt

    def interrupt() -> None:
        post.server.wait_for("dot")
        signal.pthread_kill(main, signal.SIGUSR1)
        assert interrupted.wait(10)
        post.release_until(lambda: post.accepted)

    with _handling(signal.SIGUSR1, on_signal), ThreadPoolExecutor(1) as pool:
        helper = pool.submit(interrupt)
        with pytest.raises(KeyboardInterrupt):
            post.round()
        helper.result()

    post.check(jane="sent", john="planned", jim="planned")


class _handling:  # noqa: N801
    def __init__(self, number: signal.Signals, handler: Callable[..., None]) -> None:
        self.number = number
        self.handler = handler

    def __enter__(self) -> None:
        self.before = signal.signal(self.number, self.handler)

    def __exit__(self, *_: object) -> None:
        signal.signal(self.number, self.before)


def test_what_another_occurrence_left_is_delivered_once(post: Post) -> None:
    post.plan(JANE)
    second = ledger.record(
        post.connection, post.lease, plan(mail(JANE), mail(JOHN), tick=TICK + timedelta(days=1))
    )
    post.ids = ledger.unsent(post.connection, post.lease, second)

    assert post.round().results == Counter(sent=2)

    post.check(jane="sent", john="sent")
