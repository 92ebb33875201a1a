from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from m2s_orchestration.delivery import courier, ledger
from m2s_orchestration.delivery.courier import Round, Route, deliver
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import (
    DatabaseUnreachable,
    LeaseLost,
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.lossy_road import LossyRoad
from m2s_orchestration_tests.integration.delivery.plans import (
    TICK,
    attempts,
    column,
    mail,
    plan,
    record,
    states,
)
from m2s_orchestration_tests.smtp_script import (
    Stage,
    accept_but_say,
    answer,
    answer_and_drop,
    drop,
    hang,
    say,
)
from m2s_orchestration_tests.smtp_server import SmtpServer

JANE, JOHN, JIM = "jane@example.org", "john@example.org", "jim@example.org"
ALL_SENT = {JANE: "sent", JOHN: "sent", JIM: "sent"}
UNTOUCHED = {JANE: "planned", JOHN: "planned", JIM: "planned"}
CLAIM = b"SET state = 'sending'"
TESTIMONY = b"sent_at = CASE WHEN"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here needs a pause before the next try."""
    monkeypatch.setattr(courier, "RECONNECT_AFTER", (0.0, 0.0))
    monkeypatch.setattr(courier, "TESTIFY_AGAIN_AFTER", (0.0, 0.01, 0.1))


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


class Post:
    """Everything that a round needs, with short ways to it."""

    def __init__(
        self, database: Database, connection: Connection, lease: Lease, server: SmtpServer
    ) -> None:
        self.database = database
        self.connection = connection
        self.lease = lease
        self.server = server
        self.ids: Sequence[int] = []

    def plan(self, *addresses: str) -> None:
        """Record a message to each address."""
        recorded = record(self.connection, self.lease, *addresses)
        self.ids = ledger.unsent(self.connection, self.lease, recorded)

    def route(self, connections: int = 1, **values: Any) -> Route:
        named = {"timeout": 5.0, "reply_timeout": 5.0} | values
        return Route(MailServer(self.server.host, self.server.port, **named), connections)

    def round(
        self,
        connections: int = 1,
        *,
        lease: Lease | None = None,
        database: Database | None = None,
        **values: Any,
    ) -> Round:
        """One round over what was planned."""
        return deliver(
            database or self.database,
            lease or self.lease,
            self.route(connections, **values),
            self.ids,
        )

    def let_go(self, running: Future[Round]) -> Round:
        """Release whoever hangs until the round is over."""
        eventually(lambda: self.server.release() or running.done())
        return running.result()

    def cut_ledger(self) -> int:
        """End the courier's connections to the ledger; how many there were."""
        row = self.connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name LIKE 'm2s courier%' AND datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def somebody_waits(self) -> bool:
        """Whether a courier waits for a lock."""
        row = self.connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND application_name LIKE 'm2s courier%' AND datname = current_database()"
        ).fetchone()
        assert row is not None
        return bool(row[0])

    @property
    def accepted(self) -> Counter[str]:
        """How many mails the server took for each address."""
        return Counter(message.recipient for message in self.server.accepted)

    def check(self, **expected: str) -> None:
        """The ledger says that of the people; and it does not lie, and nobody is told twice."""
        found = states(self.connection)
        assert {address.partition("@")[0]: state for address, state in found.items()} == expected
        assert all(count == 1 for count in self.accepted.values())
        for address, state in found.items():
            if state == "sent":
                assert address in self.accepted
            elif state != "unknown":
                assert address not in self.accepted
                assert state != "sending"


@pytest.fixture
def post(
    database: Database, connection: Connection, lease: Lease, server: SmtpServer
) -> Post:
    return Post(database, connection, lease, server)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


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
    monkeypatch.setattr(courier, "MESSAGES_PER_CONNECTION", 2)
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
    assert post.server.reached("connect") == 1
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

        post.check(**{"jane": "sent", "jürg": "failed", "jim": "sent"})
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


def assert_untouched(post: Post) -> None:
    """No row knows of a try."""
    post.check(jane="planned", john="planned", jim="planned")
    for address in (JANE, JOHN, JIM):
        assert attempts(post.connection, address) == []
        assert column(post.connection, "tries", address) == 0


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


def test_a_lease_that_is_lost_before_the_dot_ends_the_round_and_nothing_is_sent(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang())
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round, 2)
    post.server.wait_for("data", 2)

    post.connection.execute("UPDATE cronjob_locks SET locked_by = 'somebody else'")
    went = post.let_go(running)

    assert isinstance(went.fault, LeaseLost)
    assert post.server.reached("dot") == 0
    assert_untouched(post)


def test_a_refusal_is_not_recorded_without_the_lease(post: Post, pool: ThreadPoolExecutor) -> None:
    post.server.on("recipient", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round)
    post.server.wait_for("recipient")

    post.server.on("data", answer(554))
    post.connection.execute("DELETE FROM cronjob_locks")
    went = post.let_go(running)

    assert isinstance(went.fault, LeaseLost)
    assert_untouched(post)


def test_a_lease_that_is_about_to_end_claims_nothing(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE)
    running = pool.submit(post.round)
    post.server.wait_for("data")

    post.connection.execute("UPDATE cronjob_locks SET expires_at = now() + interval '1.5 seconds'")
    went = post.let_go(running)

    assert went.results == Counter()
    assert post.server.reached("dot") == 0
    post.check(jane="planned")


def test_a_message_that_becomes_too_late_is_not_finished(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE, JOHN)
    running = pool.submit(post.round)
    post.server.wait_for("data")

    post.connection.execute(
        "UPDATE m2s_orchestration.delivery SET due_until = now() WHERE address = %s", (JANE,)
    )
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=1))
    post.check(jane="planned", john="sent")


def test_after_the_deadline_nothing_is_begun(post: Post, new_lease: NewLease) -> None:
    post.plan(JANE)
    overdue = new_lease(deadline=timedelta(0))

    went = post.round(lease=overdue)

    assert (went.fault, went.results) == (None, Counter())
    assert post.server.reached("connect") == 0
    post.check(jane="planned")


def test_a_forced_run_and_the_holder_tell_nobody_twice(
    post: Post, new_lease: NewLease, pool: ThreadPoolExecutor
) -> None:
    addresses = [f"member{number}@example.org" for number in range(30)]
    post.plan(*addresses)
    forced = new_lease()
    forced.acquire(wait=timedelta(0), force=True)

    runs = [pool.submit(post.round, 3, lease=one) for one in (post.lease, forced)]
    results = [run.result().results for run in runs]

    assert results[0] + results[1] == Counter(sent=30)
    assert post.accepted == Counter(addresses)


def test_the_first_senders_word_counts_although_it_was_given_up(
    post: Post, new_lease: NewLease, pool: ThreadPoolExecutor
) -> None:
    post.server.on("dot", hang(), times=1)
    post.plan(JANE)
    running = pool.submit(post.round)
    post.server.wait_for("dot")

    post.connection.execute("UPDATE cronjob_locks SET expires_at = now() - interval '1 second'")
    successor = new_lease()
    successor.acquire(wait=timedelta(0))
    ledger.sweep(post.connection, successor)
    post.check(jane="unknown")
    assert post.round(lease=successor).results == Counter()
    post.let_go(running)

    post.check(jane="sent")
    assert attempts(post.connection) == ["unknown", "sent"]
    assert column(post.connection, "owner") == post.lease.owner


def test_the_ledgers_connection_is_lost_before_the_claim(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round)
    post.server.wait_for("data")

    assert post.cut_ledger() == 1
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=3))
    post.check(jane="sent", john="sent", jim="sent")


def test_the_ledgers_connection_is_lost_in_the_middle_of_the_claim(
    post: Post, pool: ThreadPoolExecutor, database: Database
) -> None:
    post.plan(JANE)
    with database.connect("somebody") as somebody, somebody.transaction():
        somebody.execute("SELECT FROM m2s_orchestration.delivery FOR UPDATE")
        running = pool.submit(post.round)
        eventually(post.somebody_waits)
        assert post.cut_ledger() == 1
        eventually(post.somebody_waits)

    assert running.result().results == Counter(sent=1)
    post.check(jane="sent")


def test_the_ledgers_connection_is_lost_at_the_testimony(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("dot", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round)
    post.server.wait_for("dot")

    assert post.cut_ledger() == 1
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert attempts(post.connection) == ["sent"]
    post.check(jane="sent", john="sent", jim="sent")


@pytest.mark.parametrize("mark", [CLAIM, TESTIMONY])
def test_the_ledgers_answer_is_lost_after_it_took_effect(mark: bytes, post: Post) -> None:
    post.plan(JANE, JOHN, JIM)

    with LossyRoad(post.database, mark=mark) as road:
        went = post.round(database=road.database)

    assert road.losses == 1
    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert attempts(post.connection) == ["sent"]
    post.check(jane="sent", john="sent", jim="sent")


def test_a_testimony_that_never_arrives_leaves_a_doubt(post: Post, new_lease: NewLease) -> None:
    post.plan(JANE, JOHN)

    with LossyRoad(post.database, mark=TESTIMONY, times=99, before=True) as road:
        went = post.round(database=road.database)

    assert isinstance(went.fault, DatabaseUnreachable)
    assert states(post.connection) == {JANE: "sending", JOHN: "planned"}
    post.lease.release()
    successor = new_lease()
    successor.acquire(wait=timedelta(0))
    ledger.sweep(post.connection, successor)
    post.check(jane="unknown", john="planned")
    post.round(lease=successor)
    post.check(jane="unknown", john="sent")


def test_a_row_that_somebody_touches_meanwhile_is_claimed_all_the_same(
    post: Post, pool: ThreadPoolExecutor, database: Database
) -> None:
    post.plan(JANE)
    with database.connect("somebody") as somebody, somebody.transaction():
        somebody.execute(
            "UPDATE m2s_orchestration.delivery SET due_until = due_until + interval '1 hour'"
        )
        running = pool.submit(post.round)
        eventually(post.somebody_waits)

    assert running.result().results == Counter(sent=1)
    post.check(jane="sent")


def test_without_the_ledger_nothing_is_sent(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)

    went = post.round(database=Database("postgresql://m2s@127.0.0.1:1/nowhere"))

    assert isinstance(went.fault, DatabaseUnreachable)
    assert post.server.reached("connect") == 0
    assert_untouched(post)


def test_a_read_only_ledger_sends_nothing(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)
    read_only = Database(f"{post.database.conninfo}?options=-c%20default_transaction_read_only%3Don")

    went = post.round(database=read_only)

    assert isinstance(went.fault, DatabaseUnreachable)
    assert post.server.reached("dot") == 0
    assert_untouched(post)


def test_a_fault_of_one_hand_stops_the_other_before_its_dot(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round, 2)
    post.server.wait_for("data")

    post.server.on("sender", answer(550))
    went = post.let_go(running)

    assert isinstance(went.fault, ServerRefusedUs)
    # The other hand may have finished a message before the first one came to "data".
    assert set(states(post.connection).values()) <= {"sent", "planned"}
    assert "planned" in states(post.connection).values()


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
        eventually(lambda: post.server.release() or post.accepted)

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
