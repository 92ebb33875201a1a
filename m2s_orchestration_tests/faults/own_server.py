"""A PostgreSQL server that may be stopped, crashed and made a replica: nobody else works on it."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from m2s_orchestration.demo.postgres import HOST, EmbeddedPostgres
from m2s_orchestration_tests.faults.bench import Bench

# Below the ports that the system gives out by itself: while the server is away nobody takes its.
PORTS = range(20_000, 32_000)

_numbers = count(1)


class OwnServer:
    """The server and a bench on it."""

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.bench = Bench(self.postgres, folder)
        self._data = self.postgres.folder / "data"

    def crash(self) -> None:
        """Away, and what was not written by then is gone."""
        self.postgres.stop(mode="immediate")

    def shut_down(self) -> None:
        """Away, in good order."""
        self.postgres.stop(mode="fast")

    def start(self) -> None:
        """Here again, at the same port."""
        self.postgres.start()

    def become_replica(self) -> None:
        """As a standby is: it answers questions and takes no changes."""
        self.shut_down()
        (self._data / "standby.signal").touch()
        self.start()

    def be_promoted(self) -> None:
        """The primary server again."""
        self.says("SELECT pg_promote()")

    def says(self, statement: str) -> None:
        """Let the server's owner say something."""
        with psycopg.connect(self.postgres.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def server_of_its_own(bench: Bench) -> Iterator[OwnServer]:
    """A new server, gone with all its clubs at the end."""
    folder = bench.folder / f"own_server_{next(_numbers)}"
    server = OwnServer(folder)
    server.postgres.folder.mkdir(parents=True)
    (server.postgres.folder / "port").write_text(str(_free_port()))
    with server.postgres:
        yield server


def _free_port() -> int:
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as listener:
            if listener.connect_ex((HOST, port)):
                return port
    raise AssertionError("every port is taken")
