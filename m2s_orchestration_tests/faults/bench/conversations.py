"""What the conversations on both wires have in common: octets that come, and an end."""

from __future__ import annotations

import contextlib
import socket

PIECE = 65536


class Over(Exception):
    """One of the two has left."""


class Incoming:
    """What a socket has said and nobody has taken yet."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._octets = b""

    def peek(self, size: int) -> bytes:
        """The next octets, without taking them. Raises Over."""
        while len(self._octets) < size:
            self._more()
        return self._octets[:size]

    def take(self, size: int) -> bytes:
        """The next octets. Raises Over."""
        self.peek(size)
        taken, self._octets = self._octets[:size], self._octets[size:]
        return taken

    def take_line(self) -> bytes:
        """The next line with its end. Raises Over."""
        while b"\n" not in self._octets:
            self._more()
        return self.take(self._octets.index(b"\n") + 1)

    def take_what_came(self) -> bytes:
        """Whatever is there, at least something. Raises Over."""
        if not self._octets:
            self._more()
        return self.take(len(self._octets))

    def must_be_there(self) -> None:
        """Look whether the other end has left, without taking anything. Raises Over or OSError."""
        with contextlib.suppress(BlockingIOError):
            if not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                raise Over

    def _more(self) -> None:
        came = self._connection.recv(PIECE)
        if not came:
            raise Over
        self._octets += came
