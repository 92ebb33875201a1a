"""A mail server at a distance: every answer comes one round trip after what it answers.

`python -m benchmarks.mail_server SECONDS` takes every mail and keeps none. Opening the connection
takes one round trip more, which is TCP's. What comes together is answered together.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from m2s_orchestration.mail.smtp import MailServer

HOST = "127.0.0.1"
GREETING = b"220 far.example ESMTP\r\n"
EXTENSIONS = b"250-far.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
END = b"\r\n.\r\n"


@contextmanager
def mail_server_at(seconds: float) -> Iterator[MailServer]:
    """A server so many seconds away, in a process of its own."""
    command = [sys.executable, "-m", __name__, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield MailServer(host=HOST, port=int(process.stdout.readline()))
        finally:
            process.kill()


class Far(asyncio.Protocol):
    """One connection."""

    def __init__(self, distance: float) -> None:
        self._distance = distance
        self._unread = b""
        self._is_in_message = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, once the handshake would be over and the greeting have come."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(GREETING, distance=2 * self._distance)

    def data_received(self, data: bytes) -> None:
        """Answer whatever is complete."""
        self._unread += data
        while self._take_message() if self._is_in_message else self._take_command():
            pass

    def _take_message(self) -> bool:
        _, end, rest = self._unread.partition(END)
        if end:
            self._unread = rest
            self._is_in_message = False
            self._say(b"250 2.0.0 taken\r\n")
        return bool(end)

    def _take_command(self) -> bool:
        line, end, rest = self._unread.partition(b"\r\n")
        if not end:
            return False
        self._unread = rest
        verb = line[:4].upper()
        self._is_in_message = verb == b"DATA"
        answers = {b"EHLO": EXTENSIONS, b"DATA": b"354 go on\r\n", b"QUIT": b"221 goodbye\r\n"}
        self._say(answers.get(verb, b"250 ok\r\n"))
        if verb == b"QUIT":
            asyncio.get_running_loop().call_later(self._distance, self._transport.close)
        return True

    def _say(self, octets: bytes, distance: float | None = None) -> None:
        later = self._distance if distance is None else distance
        if later:
            asyncio.get_running_loop().call_later(later, self._transport.write, octets)
        else:
            self._transport.write(octets)


async def serve(distance: float) -> None:
    """Say the port, then serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Far(distance), HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
