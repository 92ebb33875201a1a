"""One connection to the mail server: a command and its reply are a point, and so is the body.

The body of a message has no reply; the final dot, which comes after it by itself, has one. What
comes together with a dot is said `ahead`: of a run with one hand it waits until the testimony about
the dot has passed, so that its points come in the same order every time.
"""

from __future__ import annotations

import socket

from m2s_orchestration_tests.faults.bench.conversations import Incoming
from m2s_orchestration_tests.faults.bench.points import Log

CONNECTING = "connect to the mail server"
BODY = "body"
DOT = "dot"
AHEAD = " ahead"
GO_AHEAD = b"354"
LOOKS_AFTER = 0.05  # seconds
LAST_LINE = b".\r\n"
END = b"\r\n" + LAST_LINE


class MailConversation:
    """Passes on what both say, exchange by exchange, until one of them leaves."""

    def __init__(
        self, client: socket.socket, server: socket.socket, address: tuple[str, int], log: Log
    ) -> None:
        self._client, self._server = client, server
        self._from_client, self._from_server = Incoming(client), Incoming(server)
        self._address = address
        self._log = log
        self._end = b""  # of the body, as far as it has come
        self._said_ahead = b""

    def go_on(self) -> None:
        """Raises Over, Cut or OSError, in the end."""
        point = self._log.reach("mail", CONNECTING)
        self._log.meet(point, "before")
        self._server.connect(self._address)
        greeting = self._reply()
        self._log.meet(point, "after")
        self._client.sendall(greeting)
        while True:
            self._command()

    def _command(self) -> None:
        if not self._said_ahead:
            line = self._from_client.take_line()
            self._exchange(line.split()[0].decode().upper(), line)
            return
        while not self._log.has_testimony(LOOKS_AFTER):
            # Where the ledger is away, it never comes, and whoever waits for it gives up.
            self._from_client.must_be_there()
        line, end, self._said_ahead = self._said_ahead.partition(b"\n")
        whole = line + end if end else line + self._from_client.take_line()
        self._exchange(f"{whole.split()[0].decode().upper()}{AHEAD}", whole)

    def _exchange(self, said: str, octets: bytes) -> None:
        point = self._log.reach("mail", said)
        self._log.meet(point, "before")
        self._server.sendall(octets)
        reply = self._reply()
        self._log.meet(point, "after")
        if said == DOT:
            self._log.testimony_is_due()
        if not reply.startswith(GO_AHEAD):
            self._client.sendall(reply)
            return
        self._log.body_is_on_its_way(1)
        try:
            self._client.sendall(reply)
            is_all = self._beginning_of_body()
        finally:
            self._log.body_is_on_its_way(-1)
        while not is_all:
            is_all = self._pass_on(self._from_client.take_what_came())
        self._exchange(DOT, LAST_LINE)

    def _beginning_of_body(self) -> bool:
        """The body as far as it comes at once; tells whether the dot came with it."""
        self._end = b""
        piece = self._from_client.take_what_came()
        point = self._log.reach("mail", BODY)
        self._log.meet(point, "before")
        is_all = self._pass_on(piece)
        self._log.meet(point, "after")
        return is_all

    def _pass_on(self, piece: bytes) -> bool:
        """Pass on a piece of the body but not the dot; tells whether the dot came with it."""
        whole = self._end + piece
        is_all = END in whole
        if is_all:
            head, _, self._said_ahead = whole.partition(END)
            whole = head + END.removesuffix(LAST_LINE)
        self._server.sendall(whole[len(self._end) :])
        self._end = whole[-len(END) :]
        return is_all

    def _reply(self) -> bytes:
        octets = b""
        while True:
            line = self._from_server.take_line()
            octets += line
            if line[3:4] != b"-":
                return octets
