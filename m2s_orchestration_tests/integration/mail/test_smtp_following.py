"""The beginning of a message that goes out with the end of the one before."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from m2s_orchestration.errors import (
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
    ServerUnavailable,
)
from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation, MailServer
from m2s_orchestration_tests.integration.mail.conversing import CONTENT, JANE, SENDER, mail_server
from m2s_orchestration_tests.integration.mail.test_smtp_pipelining import PATIENCE
from m2s_orchestration_tests.smtp_server import SmtpServer

END = b"\r\n.\r\n"
JOHN = "john@example.org"
SECOND = b"From: noreply@club.example\r\n\r\nThe second one.\r\n"
TAKEN = b"250 ok\r\n250 ok\r\n354 go on\r\n"

Answer = Callable[[socket.socket], None]


@contextmanager
def server_that(answers: Answer) -> Iterator[tuple[MailServer, Future[bytes]]]:
    """It takes a message up to its dot and the beginning of another, all that before it `answers`.

    What it hears after that is what comes of its future.
    """

    def serve(listener: socket.socket) -> bytes:
        client, _ = listener.accept()
        with client:
            client.settimeout(PATIENCE)
            client.sendall(b"220 ready\r\n")
            client.recv(1000)
            client.sendall(b"250-server\r\n250-SIZE 1000\r\n250 PIPELINING\r\n")
            read_until(client, b"DATA\r\n")
            client.sendall(TAKEN)
            heard = read_until(client, b"DATA\r\n")
            assert heard.partition(END)[2].startswith(b"MAIL FROM:")
            answers(client)
            return what_comes(client)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(PATIENCE)
        host, port = listener.getsockname()
        served = pool.submit(serve, listener)
        yield MailServer(host=host, port=port, timeout=PATIENCE, reply_timeout=PATIENCE), served


def what_comes(client: socket.socket) -> bytes:
    """Until the other end leaves."""
    heard = b""
    with suppress(OSError):
        while octets := client.recv(1000):
            heard += octets
    return heard


def read_until(client: socket.socket, end: bytes) -> bytes:
    heard = b""
    while not heard.endswith(end):
        octets = client.recv(1000)
        assert octets, heard
        heard += octets
    return heard


def saying(octets: bytes) -> Answer:
    return lambda client: client.sendall(octets)


def saying_and_leaving(octets: bytes) -> Answer:
    """It reads nothing more, so that its end of the connection is a reset."""

    def answer(client: socket.socket) -> None:
        client.sendall(octets)
        client.close()

    return answer


def begun(server: MailServer) -> Conversation:
    """A conversation with a message that is offered, and one to follow it."""
    conversation = Conversation.open(server)
    conversation.offer(Letter(SENDER, JANE, CONTENT))
    conversation.follow_with(Letter(SENDER, JOHN, SECOND))
    return conversation


def test_the_next_message_begins_before_the_last_is_answered() -> None:
    with server_that(saying(b"250 2.0.0 taken\r\n" + TAKEN)) as (server, rest):
        conversation = begun(server)
        assert conversation.finish() == "2.0.0 taken"
        conversation.offer(Letter(SENDER, JOHN, SECOND))
        conversation.withdraw()

    assert END not in rest.result()


def test_a_whole_row_of_messages_takes_one_beginning_each() -> None:
    people = [f"member{number}@example.org" for number in range(5)]
    with SmtpServer() as server:
        conversation = Conversation.open(mail_server(server))
        for person, follower in zip(people, [*people[1:], None], strict=True):
            conversation.offer(Letter(SENDER, person, CONTENT))
            if follower:
                conversation.follow_with(Letter(SENDER, follower, CONTENT))
            conversation.finish()
        conversation.close()

        assert [message.recipient for message in server.accepted] == people
        assert (server.reached("sender"), server.reached("reset")) == (5, 0)


def test_what_was_begun_is_withdrawn_with_the_conversation() -> None:
    with server_that(saying(b"250 2.0.0 taken\r\n" + TAKEN)) as (server, rest):
        conversation = begun(server)
        conversation.finish()
        conversation.close()

    assert rest.result() == b""


def test_the_follower_is_refused_when_its_turn_comes() -> None:
    refusal = b"250 ok\r\n550 5.1.1 nobody\r\n503 RCPT first\r\n"
    with server_that(saying(b"250 2.0.0 taken\r\n" + refusal)) as (server, _):
        conversation = begun(server)
        assert conversation.finish() == "2.0.0 taken"
        with pytest.raises(MessageRefused, match="550 to the recipient"):
            conversation.offer(Letter(SENDER, JOHN, SECOND))
        conversation.withdraw()


def test_after_a_refused_follower_the_conversation_goes_on() -> None:
    with SmtpServer() as server:
        conversation = Conversation.open(mail_server(server))
        conversation.offer(Letter(SENDER, JANE, CONTENT))
        conversation.follow_with(Letter(SENDER, "", CONTENT))
        conversation.finish()
        with pytest.raises(MessageRefused):
            conversation.offer(Letter(SENDER, "", CONTENT))
        conversation.offer(Letter(SENDER, JOHN, CONTENT))
        conversation.finish()
        conversation.close()

        assert [message.recipient for message in server.accepted] == [JANE, JOHN]


def test_a_follower_that_the_server_cannot_take_is_not_begun() -> None:
    large = Letter(SENDER, JOHN, CONTENT + b"x" * 900 + b"\r\n" + b"x" * 900 + b"\r\n")
    with SmtpServer(extensions=("PIPELINING", "SIZE 1000")) as server:
        conversation = Conversation.open(mail_server(server))
        conversation.offer(Letter(SENDER, JANE, CONTENT))
        conversation.follow_with(large)
        conversation.finish()

        assert server.reached("sender") == 1
        with pytest.raises(MessageRefused, match="too large"):
            conversation.offer(large)
        conversation.close()


def test_a_message_that_is_deferred_at_its_end_keeps_nothing_from_the_next() -> None:
    with server_that(saying(b"451 4.3.0 later\r\n" + TAKEN)) as (server, rest):
        conversation = begun(server)
        with pytest.raises(MessageDeferred):
            conversation.finish()
        conversation.offer(Letter(SENDER, JOHN, SECOND))
        conversation.withdraw()

    assert END not in rest.result()


def test_a_server_that_is_not_done_with_the_refused_one_says_nothing_of_the_next() -> None:
    confused = b"503 5.5.1 one at a time\r\n503 MAIL first\r\n503 RCPT first\r\n"
    with server_that(saying(b"554 5.7.1 spam\r\n" + confused)) as (server, rest):
        conversation = begun(server)
        with pytest.raises(MessageRefused):
            conversation.finish()
        with pytest.raises(ServerUnavailable) as raised:
            conversation.offer(Letter(SENDER, JOHN, SECOND))

        # Over another connection it is begun anew.
        assert (raised.value.stage, conversation.is_open) == ("idle", False)
    assert rest.result() == b""


def test_the_answer_of_a_server_that_leaves_with_it_is_heard() -> None:
    with server_that(saying_and_leaving(b"250 2.0.0 taken\r\n")) as (server, _):
        conversation = begun(server)

        assert conversation.finish() == "2.0.0 taken"
        with pytest.raises(ServerUnavailable):
            conversation.offer(Letter(SENDER, JOHN, SECOND))


def test_silence_is_doubt_about_the_last_one_only() -> None:
    with server_that(saying_and_leaving(b"")) as (server, _):
        conversation = begun(server)

        with pytest.raises(OutcomeUnknown):
            conversation.finish()
        assert not conversation.is_open


def test_a_server_that_wants_one_command_at_a_time_gets_it() -> None:
    with SmtpServer(extensions=()) as server:
        conversation = Conversation.open(mail_server(server))
        conversation.offer(Letter(SENDER, JANE, CONTENT))

        assert not conversation.lets_one_follow
        with pytest.raises(RuntimeError, match="in one breath"):
            conversation.follow_with(Letter(SENDER, JOHN, CONTENT))
        conversation.withdraw()


def test_no_other_message_takes_the_place_of_the_one_that_was_begun() -> None:
    with SmtpServer() as server:
        conversation = begun(mail_server(server))
        conversation.finish()

        with pytest.raises(RuntimeError, match="Another message"):
            conversation.offer(Letter(SENDER, JANE, CONTENT))
        conversation.close()
        server.wait_until_idle()

        assert [message.recipient for message in server.accepted] == [JANE]
