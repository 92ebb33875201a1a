"""The wire to the mail server passes on a body whole, however it comes, and knows where it ends."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator

import pytest

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.wires import HOST, Wires
from m2s_orchestration_tests.smtp_server import SmtpServer

SENDER, RECIPIENT = "office@club.example", "avery@club.example"
MAIL, RCPT, DATA = f"MAIL FROM:<{SENDER}>\r\n", f"RCPT TO:<{RECIPIENT}>\r\n", "DATA\r\n"
DOT = ".\r\n"
HEAD = "Subject: Winch training\r\n\r\n"
SHORT = "See you at nine.\r\n"
LONG = "See you at nine, with the winch, the cable and the spare weak links.\r\n" * 20_000


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.mark.parametrize("body", [SHORT, LONG], ids=["short", "long"])
def test_a_dot_that_comes_together_with_the_body_is_a_point_of_its_own(
    server: SmtpServer, body: str
) -> None:
    with Wires(0, server.port) as wires:
        with _client(wires) as client:
            # smtplib writes the body and the dot at once.
            client.sendmail(SENDER, [RECIPIENT], HEAD + body)
        said = _said(wires)

    assert said[-4:-1] == ["DATA", "body", "dot"]
    assert [mail.recipient for mail in server.accepted] == [RECIPIENT]
    assert server.accepted[0].content.decode().endswith(body)


def test_what_comes_together_with_a_dot_is_heard_after_the_testimony(server: SmtpServer) -> None:
    with Wires(0, server.port) as wires:
        with _client(wires) as client:
            _send_up_to_the_dot(client)
            client.send(DOT + MAIL + "RSET\r\n")
            assert _codes(client, 1) == [250]
            wires.log.reach("database", "testify")
            wires.log.testimony_is_given()
            assert _codes(client, 2) == [250, 250]
        said = _said(wires)

    assert said[-6:] == ["body", "dot", "testify", "MAIL ahead", "RSET ahead", "QUIT"]


def test_what_comes_together_with_a_dot_is_not_heard_where_there_is_no_testimony(
    server: SmtpServer,
) -> None:
    with Wires(0, server.port) as wires:
        with _client(wires) as client:
            _send_up_to_the_dot(client)
            client.send(DOT + MAIL)
            assert _codes(client, 1) == [250]
            client.close()
        server.wait_until_idle()
        said = _said(wires)

    assert said[-2:] == ["body", "dot"]


def test_of_a_run_with_several_hands_no_word_waits_for_another(server: SmtpServer) -> None:
    """The body of the next message would wait for a testimony that waits for that body."""
    with Wires(0, server.port, hands=2) as wires, _client(wires) as client:
        _send_up_to_the_dot(client)
        client.send(DOT + MAIL + RCPT + DATA)
        assert _codes(client, 4) == [250, 250, 250, 354]
        database = threading.Thread(target=wires.log.wait_for_bodies, daemon=True)
        database.start()
        eventually(lambda: not database.is_alive())
        client.send(HEAD + SHORT + DOT)
        assert _codes(client, 1) == [250]


def _client(wires: Wires) -> smtplib.SMTP:
    return smtplib.SMTP(HOST, wires.mail_port, timeout=30)


def _send_up_to_the_dot(client: smtplib.SMTP) -> None:
    client.ehlo()
    client.send(MAIL + RCPT + DATA)
    assert _codes(client, 3) == [250, 250, 354]
    client.send(HEAD + SHORT)


def _codes(client: smtplib.SMTP, number: int) -> list[int]:
    return [client.getreply()[0] for _ in range(number)]


def _said(wires: Wires) -> list[str]:
    return [point.said for point in wires.points]
