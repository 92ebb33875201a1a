"""A PostgreSQL server of our own, kept in one folder and started from the wheel's binaries."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from m2s_orchestration.demo.postgres_programs import nobody, run
from m2s_orchestration.errors import DemoFault

USER = "m2s"
HOST = "127.0.0.1"
SECONDS_TO_START = 60
ATTEMPTS = 4

# What a demo's data are worth: they are made again in seconds, so nothing waits for the disk.
# A crash of the machine may spoil them; the remedy is to delete the folder.
SETTINGS = (
    f"listen_addresses={HOST}",
    "unix_socket_directories=",
    "max_connections=200",
    "dynamic_shared_memory_type=mmap",
    "timezone=UTC",
    "log_timezone=UTC",
    "fsync=off",
    "full_page_writes=off",
    "scram_iterations=64",
)


class EmbeddedPostgres:
    """One PostgreSQL server with all its files in `folder`; several processes may share it.

    `settings`, each `name=value`, go before ours when it is started here. Leaving the context stops
    the server if this object started it, not if it attached to one.
    """

    def __init__(self, folder: Path, *, settings: Sequence[str] = ()) -> None:
        self.folder = folder.resolve()
        self._settings = (*SETTINGS, *settings)
        self._data = self.folder / "data"
        self._log = self.folder / "server.log"
        self._port: int | None = None
        self._started_here = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._started_here:
            self.stop()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        if self._port is None:
            raise DemoFault(f"The PostgreSQL server in {self.folder} is not started: call start().")
        return self._port

    def conninfo(self, database: str) -> str:
        """A libpq URL for `database`."""
        password = (self.folder / "password").read_text()
        return f"postgresql://{USER}:{password}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, or attach to the one that already runs in this folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._alone():
            self._port = self._running_port()
            if self._port is None:
                self._make_data()
                self._launch()
                self._started_here = True

    def stop(self, *, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Disconnect everybody, stop the server and wait until it is gone.

        An `immediate` stop is like a crash of the server: it recovers when it is started again.
        """
        if not self.folder.is_dir():
            return
        with self._alone():
            if self._running_port() is not None:
                self._serve("pg_ctl", "stop", "-D", self._data, "-m", mode, "-w")
            self._port = None
            self._started_here = False

    def database_exists(self, name: str) -> bool:
        statement = "SELECT count(*) FROM pg_database WHERE datname = :'name'"
        answer = self._ask("psql", "-XAtq", "-d", "postgres", "-v", f"name={name}", ask=statement)
        return answer.strip() == "1"

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Create `name` as a copy of `template`, which nobody may be connected to."""
        self._ask("createdb", "--template", template, "--maintenance-db", "postgres", name)

    def drop_database(self, name: str) -> None:
        """Drop `name` if it is there, disconnecting whoever uses it."""
        self._ask("dropdb", "--if-exists", "--force", "--maintenance-db", "postgres", name)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            lock = (self.folder / "lock").open("a")
        except PermissionError:
            raise DemoFault(self._somebody_elses()) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _running_port(self) -> int | None:
        """The port of the server of this folder, once it is ready; None if there is no server."""
        deadline = time.monotonic() + SECONDS_TO_START
        while (lines := self._pid_lines()) and self._is_our_server(int(lines[0])):
            # A server that was just killed still has its file and, for a moment, its process.
            is_ready = len(lines) >= 8 and lines[7].strip() in {"ready", "standby"}
            if is_ready and _is_answering(int(lines[3])):
                return int(lines[3])
            if time.monotonic() > deadline:
                raise DemoFault(
                    f"The PostgreSQL server with process id {lines[0]} in {self.folder} does not "
                    f"become ready: see {self._log}, or end that process."
                )
            time.sleep(0.05)
        return None

    def _pid_lines(self) -> list[str]:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        return lines if lines and lines[0].strip().isdigit() else []

    def _is_our_server(self, pid: int) -> bool:
        """Whether process `pid` serves this folder: ids are given out again after a crash."""
        if not _is_alive(pid):
            return False
        if not Path("/proc/self/cmdline").exists():
            return True
        try:
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self._data) in arguments

    def _make_data(self) -> None:
        if self._data.exists():
            return
        half_made = self.folder / "data.new"
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(half_made, *nobody())
        password = self.folder / "password"
        password.unlink(missing_ok=True)
        # If the server trusted 127.0.0.1, everybody on the machine could run programs through it
        # as its user, who may read and write every file if root started it.
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        self._serve(
            *("initdb", "-D", half_made, "--no-sync", "--no-instructions"),
            *("--username", USER, "--pwfile", password),
            *("--auth-local", "reject", "--auth-host", "scram-sha-256", "--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
        )
        half_made.rename(self._data)

    def _launch(self) -> None:
        lines = self._pid_lines()
        if lines and _is_alive(int(lines[0])):
            # The id belongs to another program by now, and PostgreSQL would refuse to start.
            (self._data / "postmaster.pid").unlink()
        port = _free_port(preferred=self._port_of_last_time())
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._launch_at(port)
                break
            except DemoFault:
                # Somebody may have taken the port between our look and the server's start, or
                # the last processes of a server that was killed are still going.
                if attempt == ATTEMPTS:
                    raise
                time.sleep(attempt / 5)
                port = _free_port(preferred=0)
        (self.folder / "port").write_text(str(port))
        self._port = port

    def _launch_at(self, port: int) -> None:
        options = " ".join(f"-c {setting}" for setting in (*self._settings, f"port={port}"))
        self._serve(
            *("pg_ctl", "start", "-D", self._data, "-l", self._log, "-o", options),
            *("-w", "-t", SECONDS_TO_START, "-s"),
        )

    def _port_of_last_time(self) -> int:
        try:
            return int((self.folder / "port").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def _serve(self, program: str, *arguments: object) -> None:
        """Run a tool of the server as the user who owns its data, which is never root."""
        data = self._data if self._data.exists() else self.folder / "data.new"
        owner = data.stat()
        if os.geteuid() not in (0, owner.st_uid):
            raise DemoFault(self._somebody_elses())
        become = (owner.st_uid, owner.st_gid) if os.geteuid() == 0 else None
        run(program, *arguments, folder=self.folder, become=become)

    def _somebody_elses(self) -> str:
        return (
            f"The PostgreSQL server in {self.folder} belongs to another user than you "
            f"(id {os.geteuid()}): run as that user, or delete the folder."
        )

    def _ask(self, program: str, *arguments: str, ask: str = "") -> str:
        """Run a client tool as ourselves; returns what it prints."""
        password = (self.folder / "password").read_text()
        server = ("-h", HOST, "-p", self.port, "-U", USER, "-w")
        return run(program, *server, *arguments, folder=self.folder, ask=ask, password=password)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_answering(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


def _free_port(*, preferred: int) -> int:
    """`preferred` if nobody listens there, else any free port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, preferred))
        except OSError:
            listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
