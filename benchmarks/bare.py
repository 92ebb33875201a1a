"""The limit: mail sent with nothing to remember it by, over connections that are kept."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from m2s_orchestration.mail.smtp import MailServer

SENDER = "noreply@club.example"

Loop = Callable[[MailServer, Sequence[str], bytes], None]


def over(connections: int, loop: Loop, server: MailServer, addresses: Sequence[str]) -> None:
    """Share the addresses among so many connections and run the loop on each."""
    shares = [addresses[first::connections] for first in range(min(connections, len(addresses)))]
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(lambda share: loop(server, share, CONTENT), shares))


def smtplib_loop(server: MailServer, addresses: Sequence[str], content: bytes) -> None:
    """What Python's library does: a command, its reply, the next."""
    with smtplib.SMTP(server.host, server.port, local_hostname="localhost") as connection:
        for address in addresses:
            connection.sendmail(SENDER, address, content)


def pipelined_loop(server: MailServer, addresses: Sequence[str], content: bytes) -> None:
    """As few round trips as one message after the other needs: two each."""
    with socket.create_connection((server.host, server.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies = connection.makefile("rb")
        replies.readline()
        connection.sendall(b"EHLO localhost\r\n")
        while replies.readline()[3:4] == b"-":
            pass
        for address in addresses:
            begin = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{address}>\r\nDATA\r\n"
            connection.sendall(begin.encode())
            for _ in range(3):
                replies.readline()
            connection.sendall(content + b".\r\n")
            replies.readline()


CONTENT = (
    b"From: noreply@club.example\r\nSubject: what a mail of ours weighs\r\n\r\n"
    + (b"0123456789" * 7 + b"\r\n") * 90
)
