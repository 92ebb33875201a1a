"""A way to the database on which connections break at one statement, done or not yet done."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from m2s_orchestration.postgres import Database


class LossyRoad:
    """Forwards connections to a database and cuts one at the statement that contains `mark`.

    The server has carried the statement out by then, or with `before` never gets it. `times` is
    how often that happens.
    """

    def __init__(
        self, database: Database, *, mark: bytes, times: int = 1, before: bool = False
    ) -> None:
        named = conninfo_to_dict(database.conninfo)
        self.losses = 0
        self._target = (str(named["host"]), int(str(named["port"])))
        self._mark = mark
        self._times = times
        self._before = before
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        host, port = self._listener.getsockname()
        self.database = Database(make_conninfo(database.conninfo, host=host, port=port))

    def __enter__(self) -> Self:
        self._door = threading.Thread(target=self._welcome, name="lossy road", daemon=True)
        self._door.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._door.join()
        for thread in self._threads:
            thread.join(timeout=10)

    def _welcome(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._forward, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server, contextlib.suppress(OSError):
            selector = selectors.DefaultSelector()
            with contextlib.closing(selector):
                selector.register(client, selectors.EVENT_READ, server)
                selector.register(server, selectors.EVENT_READ, client)
                while self._pass_on(selector, client, server):
                    pass

    def _pass_on(
        self, selector: selectors.DefaultSelector, client: socket.socket, server: socket.socket
    ) -> bool:
        """Forward what has come; whether the connection goes on."""
        for key, _ in selector.select():
            source, sink = (client, server) if key.data is server else (server, client)
            octets = source.recv(65536)
            if not octets:
                return False
            is_last = source is client and self._mark in octets and self.losses < self._times
            if is_last:
                self.losses += 1
            if not (is_last and self._before):
                sink.sendall(octets)
            if is_last:
                if not self._before:
                    server.recv(65536)  # the answer: it is done
                return False
        return True
