"""Dagster's own programs, started as a cluster's Deployments start them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from m2s_orchestration_tests.eventually import eventually

HOST = "127.0.0.1"
PATIENCE = 120.0  # seconds that a program has to start; there may be others
TO_END = 10.0  # seconds that it has to end by itself


class Programs:
    """Processes with a log each and the environment given; all end with the context."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=TO_END)
            process.kill()
            process.wait()

    def start(self, name: str, *arguments: str, **environment: str) -> None:
        """Start one of the virtualenv's programs under a name of its own."""
        folder = Path(sys.executable).parent
        home = self._folder / name
        home.mkdir()
        base = {"PATH": f"{folder}:{os.defpath}", "HOME": str(home)}
        with self.log(name).open("ab") as output:
            self._running[name] = subprocess.Popen(
                # What a shell starts in its background ignores SIGINT, and Dagster passes that on.
                ["env", "--default-signal", str(folder / arguments[0]), *arguments[1:]],
                env={**base, **self._environment, **environment},
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def log(self, name: str) -> Path:
        """What a program prints."""
        return self._folder / f"{name}.log"

    def await_port(self, name: str, port: int) -> None:
        """Return when the program listens; fail if it ends before."""

        def listens() -> bool:
            ended = self._running[name].poll()
            assert ended is None, f"{name} ended with {ended}: {self.log(name).read_text()[-800:]}"
            with socket.socket() as client:
                return client.connect_ex((HOST, port)) == 0

        eventually(listens, within=PATIENCE, every=0.1)

    def kill(self, name: str) -> None:
        """End a program as a lost node ends it."""
        self._running[name].kill()
        self._running[name].wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
