"""One connection to PostgreSQL, by its protocol: a statement is a point.

A statement ends with the client's Sync or simple Query, and its answer with the server's
ReadyForQuery. Connecting, up to the first ReadyForQuery, is a point too.
"""

from __future__ import annotations

import socket
import struct

from m2s_orchestration_tests.faults.bench.conversations import Incoming, Over
from m2s_orchestration_tests.faults.bench.points import Log, name_of

CONNECTING = "connect to the database"
TESTIMONY = "testify"
CANCELLING = 80877102
# Types of messages.
QUERY, PARSE, BIND, SYNC, TERMINATE = b"Q", b"P", b"B", b"S", b"X"
BACKEND_KEY, READY, ERROR, PASSWORD_WANTED, PASSWORD = b"K", b"Z", b"E", b"R", b"p"
GRANTED = 0
LAST_OF_SASL = 12

Message = tuple[bytes, bytes]


class DatabaseConversation:
    """Passes on what both say, exchange by exchange, until one of them leaves."""

    def __init__(
        self, client: socket.socket, server: socket.socket, address: tuple[str, int], log: Log
    ) -> None:
        self._client, self._server = client, server
        self._from_client, self._from_server = Incoming(client), Incoming(server)
        self._address = address
        self._log = log
        self._backend = 0
        self._prepared: dict[bytes, str] = {}

    def go_on(self) -> None:
        """Raises Over, Cut or OSError, in the end."""
        hello = self._hello()
        if struct.unpack("!i", hello[4:8])[0] == CANCELLING:
            self._server.connect(self._address)
            self._server.sendall(hello)
            raise Over
        point = self._log.reach("database", CONNECTING)
        self._log.meet(point, "before")
        self._server.connect(self._address)
        self._server.sendall(hello)
        ready = self._log_in()
        self._log.meet(point, "after", self._backend)
        self._client.sendall(ready)
        while True:
            self._exchange()

    def _hello(self) -> bytes:
        """The first message, which has no type."""
        (length,) = struct.unpack("!i", self._from_client.peek(4))
        return self._from_client.take(length)

    def _log_in(self) -> bytes:
        """Pass passwords on; returns what the server says at the end of it."""
        held = b""
        while True:
            kind, message = _next(self._from_server)
            held += message
            if kind == BACKEND_KEY:
                (self._backend,) = struct.unpack("!i", message[5:9])
            if kind == READY:
                return held
            if kind == PASSWORD_WANTED and _wants_an_answer(message):
                self._client.sendall(held)
                held = b""
                self._server.sendall(_next(self._from_client)[1])

    def _exchange(self) -> None:
        said, octets = self._statement()
        self._log.wait_for_bodies()
        point = self._log.reach("database", said)
        self._log.meet(point, "before", self._backend)
        self._server.sendall(octets)
        answer, is_done = self._answer()
        self._log.meet(point, "after", self._backend)
        if said == TESTIMONY and is_done:
            self._log.testimony_is_given()
        self._client.sendall(answer)

    def _statement(self) -> tuple[str, bytes]:
        said, octets = "", b""
        while True:
            kind, message = _next(self._from_client)
            octets += message
            said = self._name(kind, message) or said
            if kind == TERMINATE:
                self._server.sendall(octets)
                raise Over
            if kind in {QUERY, SYNC}:
                return said or "sync", octets

    def _name(self, kind: bytes, message: bytes) -> str:
        body = message[5:]
        if kind == QUERY:
            return name_of(body.rstrip(b"\0").decode())
        if kind == PARSE:
            name, text, _ = body.split(b"\0", 2)
            self._prepared[name] = name_of(text.decode())
            # psycopg prepares what it says often, by itself and before it says it once more.
            return f"prepare {self._prepared[name]}" if name else self._prepared[name]
        if kind == BIND:
            return self._prepared.get(body.split(b"\0", 2)[1], "")
        return ""

    def _answer(self) -> tuple[bytes, bool]:
        """What the server says, and whether it did as it was told."""
        octets, is_done = b"", True
        while True:
            try:
                kind, message = _next(self._from_server)
            except (Over, OSError):
                # What it said before it left is still to be heard.
                self._client.sendall(octets)
                raise
            octets += message
            is_done = is_done and kind != ERROR
            if kind == READY:
                return octets, is_done


def _next(incoming: Incoming) -> Message:
    head = incoming.peek(5)
    (length,) = struct.unpack("!i", head[1:])
    return head[:1], incoming.take(1 + length)


def _wants_an_answer(message: bytes) -> bool:
    (method,) = struct.unpack("!i", message[5:9])
    return method not in {GRANTED, LAST_OF_SASL}
