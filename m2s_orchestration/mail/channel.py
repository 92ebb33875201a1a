"""A connection to a mail server on which every wait and every reply has a bound."""

from __future__ import annotations

import base64
import hmac
import re
import smtplib
import socket
import ssl
import struct
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LONGEST_LINE = 8192
MOST_LINES = 200
PIECE = 65536
KEEPALIVE = 60  # seconds
REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([- ])(.*))?$", re.DOTALL)
PLACE_IN_SOURCE = re.compile(r" \(_ssl\.c:\d+\)|^_ssl\.c:\d+: ")

Reply = tuple[int, bytes]


class Channel(smtplib.SMTP):
    """smtplib's commands, with replies read here: smtplib would read an endless one for ever.

    A loss of the connection and silence raise SMTPServerDisconnected or OSError. What is no reply
    or never ends gives the code -1. `patience` is for one whole reply, in seconds.
    """

    def __init__(self, host: str, port: int, *, timeout: float) -> None:
        super().__init__(local_hostname="localhost", timeout=timeout)
        self.patience = timeout
        self._seconds = timeout
        self._server = (host, port)
        self._unread = b""

    def dial(self) -> None:
        """Open the connection."""
        self.sock = socket.create_connection(self._server, self._seconds)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The reply to a final dot may take minutes; nothing on the way may forget us meanwhile.
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE)
        self.local_hostname = _own_name(self.sock)

    def encrypt(self) -> None:
        """Go on in TLS, with the server's certificate checked. Forgets what was heard in clear."""
        if self._unread:
            raise smtplib.SMTPServerDisconnected("the server spoke in clear where TLS begins")
        assert self.sock is not None
        context = ssl.create_default_context()
        self.sock.settimeout(self._seconds)
        self.sock = context.wrap_socket(self.sock, server_hostname=self._server[0])
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def authenticate(self, user: str, password: str) -> Reply:
        """Log in with one way after the other until one is taken; the last reply."""
        reply: Reply | None = None
        for way in self.ways_to_log_in():
            try:
                reply = self._log_in(way, user.encode(), password.encode())
            except smtplib.SMTPServerDisconnected:
                # Some servers leave after a wrong password: the refusal is the answer.
                if reply is None:
                    raise
                return reply
            if reply[0] // 100 != 5 or reply[0] == 503:
                break
        assert reply is not None
        return (235, reply[1]) if reply[0] == 503 else reply

    def ways_to_log_in(self) -> list[str]:
        """Which of the ways we know the server offers, the best first."""
        offered = self.esmtp_features.get("auth", "").upper().split()
        is_private = isinstance(self.sock, ssl.SSLSocket)
        ways = ["PLAIN", "LOGIN", "CRAM-MD5"] if is_private else ["CRAM-MD5", "PLAIN", "LOGIN"]
        return [way for way in ways if way in offered]

    def was_interrupted(self) -> bool:
        """Whether the server spoke or left although it is not its turn. Does not wait."""
        if self._unread or self.sock is None:
            return True
        self.sock.settimeout(0)
        try:
            self._unread += self.sock.recv(LONGEST_LINE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError:
            self.close()
        return True

    def abort(self) -> None:
        """Drop the connection at once; what was not yet sent is thrown away."""
        if self.sock is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send(self, s: ReadableBuffer | str) -> None:
        """Hand everything to the network, with the timeout for each piece and not for the whole."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        octets = memoryview(s.encode(self.command_encoding) if isinstance(s, str) else s)
        self.sock.settimeout(self._seconds)
        try:
            for start in range(0, len(octets), PIECE):
                self.sock.sendall(octets[start : start + PIECE])
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(
                f"the connection was lost: {words(error)}"
            ) from error

    def in_one_breath(self, commands: Iterable[str]) -> bytes:
        """Several commands to be sent together (RFC 2920); each has a reply of its own."""
        said = list(commands)
        if any("\r" in command or "\n" in command for command in said):
            raise ValueError("a command has a line end in it")
        return "".join(f"{command}\r\n" for command in said).encode(self.command_encoding)

    def getreply(self) -> Reply:
        """The next reply: code and text. The last line's code counts."""
        deadline = time.monotonic() + self.patience
        texts: list[bytes] = []
        for _ in range(MOST_LINES):
            line = self._line(deadline)
            match = REPLY_LINE.match(line)
            if match is None:
                return -1, b"this is no SMTP reply: " + line
            texts.append((match[3] or b"").strip())
            if match[2] != b"-":
                return int(match[1]), b"\n".join(texts)
        return -1, b"an endless reply"

    def _line(self, deadline: float) -> bytes:
        while b"\n" not in self._unread:
            if len(self._unread) > LONGEST_LINE:
                return self._unread
            self._unread += self._received(deadline)
        line, _, self._unread = self._unread.partition(b"\n")
        return line.rstrip(b"\r")

    def _received(self, deadline: float) -> bytes:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("the connection is closed")
        remaining = deadline - time.monotonic()
        try:
            if remaining <= 0:
                raise TimeoutError("timed out")
            self.sock.settimeout(remaining)
            octets = self.sock.recv(LONGEST_LINE)
        except OSError as error:
            self.close()
            raise smtplib.SMTPServerDisconnected(
                f"no answer within {self.patience:g} s"
                if isinstance(error, TimeoutError)
                else f"the connection was lost: {words(error)}"
            ) from error
        if not octets:
            self.close()
            raise smtplib.SMTPServerDisconnected("the server closed the connection")
        return octets

    def _log_in(self, way: str, user: bytes, password: bytes) -> Reply:
        if way == "PLAIN":
            return self.docmd("AUTH", "PLAIN " + _encoded(b"\0" + user + b"\0" + password))
        reply = self.docmd("AUTH", way)
        if reply[0] == 334 and way == "CRAM-MD5":
            digest = hmac.new(password, base64.b64decode(reply[1]), "md5").hexdigest()
            return self.docmd(_encoded(user + b" " + digest.encode()))
        for answer in (user, password):
            if reply[0] == 334:
                reply = self.docmd(_encoded(answer))
        return reply


def words(error: Exception) -> str:
    """What went wrong, without the numbers and places that only a programmer could use."""
    told = (isinstance(error, OSError) and error.strerror) or str(error)
    return PLACE_IN_SOURCE.sub("", told)


def _encoded(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


def _own_name(sock: socket.socket) -> str:
    """What EHLO says: our name if it is a full one, else our address. Asks no name server."""
    name = socket.gethostname()
    if "." in name and name.isascii():
        return name
    address = str(sock.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
