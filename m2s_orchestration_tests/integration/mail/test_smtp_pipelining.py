from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress

import pytest

from m2s_orchestration.errors import (
    MailFault,
    MessageDeferred,
    MessageRefused,
    ServerUnavailable,
)
from m2s_orchestration.mail.channel import Channel
from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation, MailServer
from m2s_orchestration_tests.integration.mail.conversing import CONTENT, JANE, SENDER

PATIENCE = 10.0  # seconds


@contextmanager
def server_that_answers(*replies: bytes) -> Iterator[tuple[MailServer, Future[bytes]]]:
    """It is silent until it has DATA, then gives all its replies and keeps what comes after."""

    def serve(listener: socket.socket) -> bytes:
        client, _ = listener.accept()
        with client:
            client.settimeout(PATIENCE)
            client.sendall(b"220 ready\r\n")
            client.recv(1000)
            client.sendall(b"250-server\r\n250 PIPELINING\r\n")
            heard = b""
            while not heard.endswith(b"DATA\r\n"):
                heard += client.recv(1000)
            client.sendall(b"".join(replies))
            return rest_of(client)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(PATIENCE)
        host, port = listener.getsockname()
        yield MailServer(host=host, port=port, timeout=PATIENCE), pool.submit(serve, listener)


def rest_of(client: socket.socket) -> bytes:
    """What else it says, after it was told that nothing more is said to it."""
    heard = b""
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while octets := client.recv(1000):
            heard += octets
    return heard


def offer(server: MailServer) -> MailFault | None:
    with closing(Conversation.open(server)) as conversation:
        try:
            conversation.offer(Letter(SENDER, JANE, CONTENT))
        except MailFault as fault:
            return fault
    return None


def test_sender_recipient_and_data_go_out_before_any_of_them_is_answered() -> None:
    with server_that_answers(b"250 ok\r\n250 ok\r\n354 go on\r\n") as (server, rest):
        offer(server)

    assert b"\r\n.\r\n" not in rest.result()


def test_a_message_whose_recipient_is_refused_has_no_end_though_the_server_waits_for_it() -> None:
    with server_that_answers(b"250 ok\r\n550 5.1.1 nobody\r\n354 go on\r\n") as (server, rest):
        fault = offer(server)

    assert isinstance(fault, MessageRefused)
    assert (fault.stage, fault.code) == ("recipient", 550)
    assert rest.result() == b""


@pytest.mark.parametrize(
    ("replies", "kind", "stage", "code"),
    [
        (
            b"452 4.3.1 no room\r\n503 MAIL first\r\n503 RCPT first\r\n",
            MessageDeferred,
            "sender",
            452,
        ),
        (b"250 ok\r\n450 4.2.0 later\r\n503 RCPT first\r\n", MessageDeferred, "recipient", 450),
        (b"250 ok\r\n250 ok\r\n451 4.3.0 later\r\n", MessageDeferred, "data", 451),
        (b"421 4.3.2 closing\r\n", ServerUnavailable, "sender", 421),
        (b"250 ok\r\n550 5.1.1 nobody\r\n", MessageRefused, "recipient", 550),
        (b"250 ok\r\n550 5.1.1 nobody\r\n421 4.3.2 closing\r\n", MessageRefused, "recipient", 550),
        (b"250 ok\r\n", ServerUnavailable, "recipient", None),
    ],
)
def test_the_first_refusal_is_what_became_of_the_message(
    replies: bytes, kind: type[MailFault], stage: str, code: int | None
) -> None:
    with server_that_answers(replies) as (server, rest):
        fault = offer(server)

    assert isinstance(fault, kind)
    assert (fault.stage, fault.code) == (stage, code)
    assert b"." not in rest.result()


def test_no_command_can_bring_another_along() -> None:
    channel = Channel("127.0.0.1", 25, timeout=1.0)

    with pytest.raises(ValueError, match="line end"):
        channel.in_one_breath(["MAIL FROM:<a@example.org>\r\nRSET", "DATA"])
