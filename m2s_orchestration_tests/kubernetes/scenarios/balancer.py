"""A TCP balancer, as a ClusterIP service is one: each connection goes to the next live replica."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from itertools import count
from types import TracebackType
from typing import Self

from m2s_orchestration_tests.smtp_session import shut

HOST = "127.0.0.1"


class Balancer:
    """Listens on a port of its own while its context lasts.

    `carried` counts the connections that each replica got.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turns = count()
        self.carried: Counter[int] = Counter()

    def __enter__(self) -> Self:
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._welcome, name="balancer", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shut(self._listener)

    def _welcome(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = self._next_alive()
            if server is None:
                shut(client)
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()

    def _next_alive(self) -> socket.socket | None:
        first = next(self._turns)
        for offset in range(len(self._ports)):
            port = self._ports[(first + offset) % len(self._ports)]
            with contextlib.suppress(OSError):
                server = socket.create_connection((HOST, port))
                self.carried[port] += 1
                return server
        return None


def _carry(one: socket.socket, other: socket.socket) -> None:
    """From one to the other until either is closed; then both are."""
    with contextlib.suppress(OSError):
        while octets := one.recv(65536):
            other.sendall(octets)
    shut(one)
    shut(other)
