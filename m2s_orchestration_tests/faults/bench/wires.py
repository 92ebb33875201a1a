"""The wires between a run and its two servers, with a hand on them.

    with Wires(postgres_port, smtp_port, trap=kill_at(17)) as wires:
        ...  # a run that connects to wires.database_port and wires.mail_port

Everything goes through unchanged, one exchange at a time; at each a trap may kill or stop the run,
cut the connection, or only look. `wires.points` are the points that were reached. `hands` is how
many connections to the mail server the run may have at once (EMAIL_CONNECTIONS).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from m2s_orchestration_tests.faults.bench.conversations import Over
from m2s_orchestration_tests.faults.bench.database_wire import DatabaseConversation
from m2s_orchestration_tests.faults.bench.mail_wire import MailConversation
from m2s_orchestration_tests.faults.bench.points import Cut, Log, Point, Trap
from m2s_orchestration_tests.smtp_session import shut

HOST = "127.0.0.1"

Conversation = type[DatabaseConversation] | type[MailConversation]


class Wires:
    """Open while the context lasts."""

    def __init__(
        self, postgres_port: int, smtp_port: int, *, trap: Trap | None = None, hands: int = 1
    ) -> None:
        self.hands = hands
        self.log = Log(trap, hands=hands)
        self._database = _Door(DatabaseConversation, postgres_port, self.log)
        self._mail = _Door(MailConversation, smtp_port, self.log)

    def __enter__(self) -> Self:
        self._database.open()
        self._mail.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()
        self._mail.close()

    @property
    def points(self) -> list[Point]:
        """What was reached so far."""
        return list(self.log.points)

    @property
    def database_port(self) -> int:
        return self._database.port

    @property
    def mail_port(self) -> int:
        return self._mail.port


class _Door:
    """Listens in the place of one server."""

    def __init__(self, kind: Conversation, server_port: int, log: Log) -> None:
        self._kind = kind
        self._server = (HOST, server_port)
        self._log = log
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self._turn = threading.Lock()

    def open(self) -> None:
        self._listener = socket.create_server((HOST, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._welcome = threading.Thread(target=self._let_in, daemon=True)
        self._welcome.start()

    def close(self) -> None:
        shut(self._listener)
        self._welcome.join()
        with self._turn:
            still_open = list(self._open)
        for connection in still_open:
            shut(connection)
        for thread in self._threads:
            thread.join(timeout=30)

    def _let_in(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket()
        with self._turn:
            self._open |= {client, server}
        with client, server, contextlib.suppress(OSError, Cut, Over):
            for connection in (client, server):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._kind(client, server, self._server, self._log).go_on()
        with self._turn:
            self._open -= {client, server}
