"""The wire to the mail server passes on a body whole, however it comes, and knows where it ends."""

from __future__ import annotations

import smtplib

import pytest

from m2s_orchestration_tests.faults.bench.wires import HOST, Wires
from m2s_orchestration_tests.smtp_server import SmtpServer

SENDER, RECIPIENT = "office@club.example", "avery@club.example"
HEAD = "Subject: Winch training\r\n\r\n"
SHORT = "See you at nine.\r\n"
LONG = "See you at nine, with the winch, the cable and the spare weak links.\r\n" * 20_000


@pytest.mark.parametrize("body", [SHORT, LONG], ids=["short", "long"])
def test_a_dot_that_comes_together_with_the_body_is_a_point_of_its_own(body: str) -> None:
    with SmtpServer() as server, Wires(0, server.port) as wires:
        with smtplib.SMTP(HOST, wires.mail_port, timeout=30) as client:
            # smtplib writes the body and the dot at once.
            client.sendmail(SENDER, [RECIPIENT], HEAD + body)
        said = [point.said for point in wires.points]

    assert said[-4:-1] == ["DATA", "body", "dot"]
    assert [mail.recipient for mail in server.accepted] == [RECIPIENT]
    assert server.accepted[0].content.decode().endswith(body)


def test_what_comes_together_with_a_dot_is_heard_after_the_testimony() -> None:
    with SmtpServer() as server, Wires(0, server.port) as wires:
        with smtplib.SMTP(HOST, wires.mail_port, timeout=30) as client:
            client.ehlo()
            for command in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
                client.docmd(command)
            client.send(HEAD + SHORT)
            client.send(f".\r\nMAIL FROM:<{SENDER}>\r\nRSET\r\n")
            assert client.getreply()[0] == 250
            wires.log.reach("database", "testify")
            wires.log.testimony_is_given()
            assert [client.getreply()[0] for _ in range(2)] == [250, 250]
        said = [point.said for point in wires.points]

    assert said[-6:] == ["body", "dot", "testify", "MAIL ahead", "RSET ahead", "QUIT"]


def test_what_comes_together_with_a_dot_is_not_heard_where_there_is_no_testimony() -> None:
    with SmtpServer() as server, Wires(0, server.port) as wires:
        with smtplib.SMTP(HOST, wires.mail_port, timeout=30) as client:
            client.ehlo()
            for command in (f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{RECIPIENT}>", "DATA"):
                client.docmd(command)
            client.send(HEAD + SHORT)
            client.send(f".\r\nMAIL FROM:<{SENDER}>\r\n")
            assert client.getreply()[0] == 250
            client.close()
        server.wait_until_idle()
        said = [point.said for point in wires.points]

    assert said[-2:] == ["body", "dot"]
