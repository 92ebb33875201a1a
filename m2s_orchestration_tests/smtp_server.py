"""A real SMTP server on 127.0.0.1 that fails as it is told to, and remembers what it accepted.

    with SmtpServer() as server:
        server.on("recipient", answer(450, "4.2.0 later"), recipient="jane@example.org", times=1)
        server.on("connect", answer_and_drop(421, "4.7.0 too many connections"), beside=1)
        server.on("sender", answer(452, "4.5.3 too many messages"), after=10)
        server.on("dot", hang())
        ...
        server.wait_for("dot")      # until somebody sent a final dot
        server.release()            # whoever hangs goes on as if nothing had been

Stages: connect, helo, tls, login, sender, recipient, data, body, dot, reset, noop, quit. What
comes `on` a stage replaces what the server would have done there; `body` comes after the first
line of a message. `python -m m2s_orchestration_tests.smtp_server --port 2525 --record mail.jsonl`
runs one that takes everything.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import socket
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from m2s_orchestration_tests.smtp_script import Accepted, Act, Stage, as_json
from m2s_orchestration_tests.smtp_session import Session, shut

USUAL_EXTENSIONS = ("PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8")
LOOKS_AFTER = 0.05  # seconds, whether a client that is kept waiting has left
PATIENCE = 30.0  # seconds that a test waits for an event before it fails


@dataclass
class _Rule:
    stage: Stage
    act: Act
    recipient: str | None
    after: int
    beside: int
    left: int | None

    def concerns(self, stage: Stage, session: Session, older: int) -> bool:
        return (
            self.stage == stage
            and self.recipient in {None, session.recipient}
            and self.after <= session.served
            and self.beside <= older
            and self.left != 0
        )


class SmtpServer:
    """Serves while its context lasts. All of it may be used from several threads.

    `encryption` other than "none" needs `context`, a server's ssl.SSLContext. With `login` the
    server wants that user and password, by one of `ways_to_log_in` (PLAIN, LOGIN, CRAM-MD5).
    `record` is a file that gets one JSON line for each accepted message before it is acknowledged
    (see `read_record`), for tests of other processes. With `idempotency_header` a message whose key
    is known is answered as accepted and dropped. All of these may be set to something else while it
    serves, and so may `knows_ehlo`: without it the server is one of before EHLO.
    """

    def __init__(
        self,
        *,
        encryption: Literal["none", "starttls", "ssl"] = "none",
        context: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        ways_to_log_in: tuple[str, ...] = ("PLAIN", "LOGIN"),
        extensions: tuple[str, ...] = USUAL_EXTENSIONS,
        idempotency_header: str | None = None,
        record: Path | None = None,
        port: int = 0,
    ) -> None:
        self.encryption = encryption
        self.context = context
        self.login = login
        self.ways_to_log_in = ways_to_log_in
        self.extensions = extensions
        self.knows_ehlo = True
        self.host = "127.0.0.1"
        self.port = port
        self.commands: list[str] = []
        self._idempotency_header = idempotency_header
        self._record = record
        self._accepted: list[Accepted] = []
        self._keys: set[str] = set()
        self._reached: Counter[str] = Counter()
        self._rules: list[_Rule] = []
        self._sessions: list[Session] = []
        self._turn = threading.Condition()
        self._is_stopped = False
        self._releases = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        self._door = threading.Thread(target=self._welcome, name="smtp server", daemon=True)
        self._door.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def accepted(self) -> list[Accepted]:
        """What was taken so far, in order."""
        with self._turn:
            return list(self._accepted)

    def on(
        self,
        stage: Stage,
        act: Act,
        *,
        recipient: str | None = None,
        after: int = 0,
        beside: int = 0,
        times: int | None = None,
    ) -> None:
        """From now on do this at the stage, for one recipient or all, so many times or always.

        Only on a connection that so many messages came over already (`after`), or that was opened
        `beside` so many older ones. The rule that was given last is asked first.
        """
        with self._turn:
            self._rules.insert(0, _Rule(stage, act, recipient, after, beside, times))

    def forget_rules(self) -> None:
        """Behave from now on."""
        with self._turn:
            self._rules.clear()

    def release(self) -> None:
        """Whoever hangs now goes on."""
        with self._turn:
            self._releases += 1
            self._turn.notify_all()

    def reached(self, stage: Stage) -> int:
        """How often the stage was reached."""
        with self._turn:
            return self._reached[stage]

    def wait_for(self, stage: Stage, times: int = 1) -> None:
        """Return when the stage was reached so often since the start; fail after a while."""
        with self._turn:
            came = self._turn.wait_for(lambda: self._reached[stage] >= times, PATIENCE)
        assert came, f"stage {stage} was reached {self._reached[stage]} times, not {times}"

    def wait_for_accepted(self, count: int) -> None:
        """Return when so many messages are taken; fail after a while."""
        with self._turn:
            came = self._turn.wait_for(lambda: len(self._accepted) >= count, PATIENCE)
        assert came, f"{len(self._accepted)} messages were accepted, not {count}"

    def wait_until_idle(self) -> None:
        """Return when no client is connected; fail after a while."""
        self.wait_until_only(0)

    def wait_until_only(self, clients: int) -> None:
        """Return when no more clients than this are connected; fail after a while."""
        with self._turn:
            came = self._turn.wait_for(lambda: len(self._sessions) <= clients, PATIENCE)
        assert came, f"{len(self._sessions)} clients are still connected"

    def stop(self) -> None:
        """Close every connection and forget whoever hangs. May be called twice."""
        with self._turn:
            self._is_stopped = True
            self._turn.notify_all()
        shut(self._listener)
        self._door.join()
        with self._turn:
            sessions = list(self._sessions)
        for session in sessions:
            session.end()
            session.thread.join()

    def act_at(self, stage: Stage, session: Session) -> Act | None:
        """Note that a stage is reached, and find what is to be done there."""
        with self._turn:
            self._reached[stage] += 1
            self._turn.notify_all()
            older = self._sessions.index(session)
            for rule in self._rules:
                if rule.concerns(stage, session, older):
                    rule.left = None if rule.left is None else rule.left - 1
                    return rule.act
        return None

    def hold(self, session: Session, seconds: float | None = None) -> bool:
        """Block the caller until the next release, or for so long; false if either end left."""
        ends_at = math.inf if seconds is None else time.monotonic() + seconds
        with self._turn:
            before = self._releases
            while self._releases == before and time.monotonic() < ends_at:
                if self._is_stopped or session.is_left:
                    return False
                self._turn.wait(min(LOOKS_AFTER, ends_at - time.monotonic()))
        return True

    def note_command(self, line: str) -> None:
        """Keep what a client said."""
        with self._turn:
            self.commands.append(line)

    def take(self, message: Accepted) -> None:
        """Accept a message, unless its idempotency key was seen."""
        with self._turn:
            key = message.header(self._idempotency_header) if self._idempotency_header else ""
            if key and key in self._keys:
                return
            self._keys.add(key)
            if self._record:
                with self._record.open("a", encoding="utf-8") as file:
                    file.write(as_json(message) + "\n")
            self._accepted.append(message)
            self._turn.notify_all()

    def leave(self, session: Session) -> None:
        """A connection is over."""
        with self._turn:
            self._sessions.remove(session)
            self._turn.notify_all()

    def _welcome(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            session = Session(self, connection)
            with self._turn:
                if self._is_stopped:
                    shut(connection)
                    return
                self._sessions.append(session)
            session.thread.start()


def main() -> None:
    """Take every message until interrupted."""
    parser = argparse.ArgumentParser(description="An SMTP server that takes everything.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    with SmtpServer(port=arguments.port, record=arguments.record) as server:
        print(f"{server.host}:{server.port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
