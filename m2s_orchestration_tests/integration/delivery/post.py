"""Rounds of the courier between a ledger and a mail server of a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.courier import deliver
from m2s_orchestration.delivery.errand import Round, Route
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.plans import attempts, column, record, states
from m2s_orchestration_tests.smtp_server import SmtpServer

JANE, JOHN, JIM = "jane@example.org", "john@example.org", "jim@example.org"


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
        self.release_until(running.done)
        return running.result()

    def release_until(self, is_reached: Callable[[], object]) -> None:
        """Release whoever hangs, also who only begins to."""

        def ask() -> object:
            self.server.release()
            return is_reached()

        eventually(ask)

    def cut_ledger(self) -> int:
        """End the courier's connections to the ledger; how many there were."""
        return self._count("count(pg_terminate_backend(pid))")

    def cut_whoever_waits(self) -> bool:
        """End the courier's connections that wait for a lock; whether there was one."""
        return self._count("count(pg_terminate_backend(pid))", "wait_event_type = 'Lock'") > 0

    def somebody_waits(self) -> bool:
        """Whether a courier waits for a lock."""
        return self._count("count(*)", "wait_event_type = 'Lock'") > 0

    def _count(self, what: str, which: str = "true") -> int:
        row = self.connection.execute(
            f"SELECT {what} FROM pg_stat_activity WHERE {which}"
            " AND application_name LIKE 'm2s courier%' AND datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])

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


def assert_untouched(post: Post) -> None:
    """No row knows of a try."""
    post.check(jane="planned", john="planned", jim="planned")
    for address in (JANE, JOHN, JIM):
        assert attempts(post.connection, address) == []
        assert column(post.connection, "tries", address) == 0
