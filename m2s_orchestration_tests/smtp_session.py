"""One client's conversation with a test's SMTP server."""

from __future__ import annotations

import base64
import contextlib
import hmac
import socket
import threading
from typing import TYPE_CHECKING

from m2s_orchestration_tests.smtp_script import Accepted, Act, Stage

if TYPE_CHECKING:
    from m2s_orchestration_tests.smtp_server import SmtpServer


class _Over(Exception):
    """The conversation ends here."""


class Session:
    """One client, from the greeting to the end of the connection."""

    def __init__(self, server: SmtpServer, connection: socket.socket) -> None:
        self.thread = threading.Thread(target=self._serve, name="smtp session", daemon=True)
        self._server = server
        self._socket = connection
        self._unread = b""
        self._user = ""
        self._is_encrypted = False
        self.served = 0
        self._clear()

    @property
    def recipient(self) -> str:
        """Whom the message in hand is for, as far as is known."""
        return self._recipients[-1] if self._recipients else ""

    @property
    def is_left(self) -> bool:
        """Whether the client has closed the connection."""
        try:
            # Below TLS, whose sockets cannot look without taking.
            return not socket.socket.recv(self._socket, 1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def end(self) -> None:
        """Close the connection from another thread."""
        shut(self._socket)

    def _clear(self) -> None:
        self._sender: str | None = None
        self._options: tuple[str, ...] = ()
        self._recipients: list[str] = []

    def _serve(self) -> None:
        try:
            if self._server.encryption == "ssl":
                self._encrypt()
            self._do("connect", "220 server ready")
            while True:
                self._obey(self._line().decode())
        except (_Over, OSError, ValueError):
            pass
        finally:
            shut(self._socket)
            self._server.leave(self)

    def _obey(self, line: str) -> None:
        self._server.note_command(line)
        verb, _, rest = line.partition(" ")
        commands = {
            "EHLO": self._ehlo,
            "HELO": lambda _: self._do("helo", "250 server"),
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: self._do("noop", "250 ok"),
            "QUIT": self._quit,
        }
        command = commands.get(verb.upper())
        if command is None:
            self._send(b"500 unknown command\r\n")
        else:
            command(rest)

    def _do(self, stage: Stage, usual: str, message: Accepted | None = None) -> bool:
        """Act as scripted or as usual; whether the usual reply was given."""
        act = self._server.act_at(stage, self) or Act(accepts=message is not None)
        if act.accepts and message:
            self._server.take(message)
        self._perform(act)
        if act.then == "hang" and message and not act.accepts:
            self._server.take(message)
        if act.said is None and usual:
            self._send(f"{usual}\r\n".encode())
        return act.said is None

    def _perform(self, act: Act) -> None:
        if act.then == "drop":
            self._hold_back()
        if act.said is not None:
            self._send(act.said)
        while act.then == "babble":
            self._send(act.said or b"")
        if act.then == "drop":
            raise _Over
        if act.then == "hang" and not self._server.hold(self, act.seconds):
            raise _Over

    def _hold_back(self) -> None:
        """Let the last words and the end of the connection arrive together, where that is known."""
        if hasattr(socket, "TCP_CORK"):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def _ehlo(self, _: str) -> None:
        if not self._server.knows_ehlo:
            self._send(b"502 5.5.1 what is EHLO?\r\n")
            return
        extensions = list(self._server.extensions)
        if self._server.encryption == "starttls" and not self._is_encrypted:
            extensions.append("STARTTLS")
        if self._server.login:
            extensions.append(f"AUTH {' '.join(self._server.ways_to_log_in)}")
        rows = ["server", *extensions]
        self._do("helo", "\r\n".join([*(f"250-{row}" for row in rows[:-1]), f"250 {rows[-1]}"]))

    def _starttls(self, _: str) -> None:
        if self._do("tls", "220 go ahead"):
            self._encrypt()

    def _encrypt(self) -> None:
        assert self._server.context, "encryption needs a context"
        self._socket = self._server.context.wrap_socket(self._socket, server_side=True)
        self._is_encrypted = True

    def _auth(self, rest: str) -> None:
        way, _, initial = rest.partition(" ")
        if way not in self._server.ways_to_log_in or self._server.login is None:
            self._send(b"504 5.5.4 no such way to log in\r\n")
        elif not self._is_known(way, initial, *self._server.login):
            self._do("login", "535 5.7.8 wrong user or password")
        elif self._do("login", "235 2.7.0 welcome"):
            self._user = self._server.login[0]

    def _is_known(self, way: str, initial: str, user: str, password: str) -> bool:
        if way == "PLAIN":
            return base64.b64decode(initial).decode() == f"\0{user}\0{password}"
        if way == "LOGIN":
            return (self._asked("Username:"), self._asked("Password:")) == (user, password)
        challenge = "<1@server>"
        digest = hmac.new(password.encode(), challenge.encode(), "md5").hexdigest()
        return self._asked(challenge) == f"{user} {digest}"

    def _asked(self, question: str) -> str:
        self._send(f"334 {base64.b64encode(question.encode()).decode()}\r\n".encode())
        return base64.b64decode(self._line()).decode()

    def _mail(self, rest: str) -> None:
        if self._server.login and not self._user:
            self._send(b"530 5.7.0 authentication required\r\n")
        elif self._sender is not None:
            self._send(b"503 5.5.1 one message at a time\r\n")
        elif self._do("sender", "250 sender ok"):
            address, *options = rest.split(" ")
            self._sender, self._options = address[len("FROM:<") : -1], tuple(options)

    def _rcpt(self, rest: str) -> None:
        if self._sender is None:
            self._send(b"503 5.5.1 MAIL first\r\n")
            return
        self._recipients.append(rest[len("TO:<") : -1])
        if not self._do("recipient", "250 recipient ok"):
            self._recipients.pop()

    def _data(self, _: str) -> None:
        if not self._recipients:
            self._send(b"503 5.5.1 RCPT first\r\n")
        elif self._do("data", "354 end with a dot"):
            content = self._content()
            message = Accepted(
                sender=self._sender or "",
                recipients=tuple(self._recipients),
                content=content,
                options=self._options,
                user=self._user,
            )
            self._do("dot", f"250 2.0.0 {len(content)} bytes taken", message)
            self.served += 1
            self._clear()

    def _content(self) -> bytes:
        lines: list[bytes] = []
        while (line := self._line()) != b".":
            lines.append(line.removeprefix(b".") + b"\r\n")
            if len(lines) == 1:
                self._do("body", "")
        return b"".join(lines)

    def _rset(self, _: str) -> None:
        self._clear()
        self._do("reset", "250 reset")

    def _quit(self, _: str) -> None:
        self._do("quit", "221 goodbye")
        raise _Over

    def _line(self) -> bytes:
        while b"\r\n" not in self._unread:
            octets = self._socket.recv(65536)
            if not octets:
                raise _Over
            self._unread += octets
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line

    def _send(self, octets: bytes) -> None:
        self._socket.sendall(octets)


def shut(connection: socket.socket) -> None:
    """Close a connection so that whoever reads from it wakes up."""
    with contextlib.suppress(OSError):  # it may not be connected any more
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
