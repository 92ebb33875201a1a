from __future__ import annotations

import ssl
from contextlib import closing
from typing import Literal

import pytest
import trustme

from m2s_orchestration.errors import ServerRefusedUs, ServerUnavailable
from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation, MailServer, check_login
from m2s_orchestration_tests.integration.mail.conftest import server_context
from m2s_orchestration_tests.smtp_script import Act, answer, answer_and_drop, drop, say
from m2s_orchestration_tests.smtp_server import SmtpServer

USER, PASSWORD = "club@example.org", "pässwörd \N{GLOWING STAR}"
CONTENT = b"X: y\r\n\r\n" + b"0123456789\r\n" * 200_000

Encryption = Literal["none", "starttls", "ssl"]


def mail_server(
    server: SmtpServer, encryption: Encryption = "none", *, password: str = PASSWORD
) -> MailServer:
    return MailServer(
        host=server.host,
        port=server.port,
        encryption=encryption,
        user=USER if server.login else "",
        password=password,
        timeout=5.0,
    )


def send(server: MailServer) -> None:
    with closing(Conversation.open(server)) as conversation:
        conversation.offer(Letter("noreply@club.example", "jane@example.org", CONTENT))
        conversation.finish()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encryption", ["starttls", "ssl"])
def test_mail_goes_out_encrypted_and_logged_in(
    encryption: Encryption, certificate: ssl.SSLContext
) -> None:
    with SmtpServer(encryption=encryption, context=certificate, login=(USER, PASSWORD)) as server:
        send(mail_server(server, encryption))
        (message,) = server.accepted
    assert message.content == CONTENT
    assert message.user == USER


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("encryption", ["starttls", "ssl"])
def test_a_message_withdrawn_under_encryption_never_existed(
    encryption: Encryption, certificate: ssl.SSLContext
) -> None:
    with SmtpServer(encryption=encryption, context=certificate) as server:
        conversation = Conversation.open(mail_server(server, encryption))
        conversation.offer(Letter("noreply@club.example", "jane@example.org", CONTENT))
        conversation.withdraw()
        server.wait_until_idle()
        assert server.accepted == []


@pytest.mark.parametrize("encryption", ["starttls", "ssl"])
def test_a_certificate_that_nobody_vouches_for_is_not_taken(
    encryption: Encryption, certificate: ssl.SSLContext
) -> None:
    with SmtpServer(encryption=encryption, context=certificate) as server:
        with pytest.raises(ServerUnavailable, match=r"failed: [a-z -]+\. Check ") as caught:
            Conversation.open(mail_server(server, encryption))
        assert caught.value.stage == "tls"


@pytest.mark.parametrize("encryption", ["starttls", "ssl"])
def test_a_certificate_for_another_name_is_not_taken(
    encryption: Encryption, trusted: trustme.CA
) -> None:
    context = server_context(trusted, "mail.example.org")
    with (
        SmtpServer(encryption=encryption, context=context) as server,
        pytest.raises(ServerUnavailable, match="certificate verify failed"),
    ):
        Conversation.open(mail_server(server, encryption))


def test_nothing_is_said_in_clear_where_starttls_is_wanted_and_not_offered() -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        with pytest.raises(ServerUnavailable, match="does not offer STARTTLS"):
            Conversation.open(mail_server(server, "starttls"))
        server.wait_until_idle()
        assert server.reached("login") == 0


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    "act",
    [
        answer(454, "4.7.0 not now"),
        answer(501),
        drop(),
        say(b"220 go\r\n250 I was here first\r\n"),
        say(b"nonsense\r\n"),
    ],
    ids=repr,
)
def test_every_fault_at_starttls_is_a_server_that_is_away(
    act: Act, certificate: ssl.SSLContext
) -> None:
    with SmtpServer(encryption="starttls", context=certificate) as server:
        server.on("tls", act)
        with pytest.raises(ServerUnavailable) as caught:
            Conversation.open(mail_server(server, "starttls"))
        assert caught.value.stage == "tls"


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_each_way_to_log_in_works_with_any_password(way: str) -> None:
    with SmtpServer(login=(USER, PASSWORD), ways_to_log_in=(way,)) as server:
        check_login(mail_server(server))
        assert server.reached("login") == 1


def test_a_login_is_checked_without_a_message() -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        check_login(mail_server(server))
        verbs = [command.split()[0].upper() for command in server.commands]
    assert verbs == ["EHLO", "AUTH", "NOOP", "QUIT"]


def test_a_wrong_password_is_our_fault() -> None:
    with (
        SmtpServer(login=(USER, PASSWORD)) as server,
        pytest.raises(ServerRefusedUs, match="535 to the login") as caught,
    ):
        check_login(mail_server(server, password="wrong"))
    assert caught.value.code == 535


def test_a_server_that_leaves_after_a_wrong_password_has_still_refused_it() -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        server.on("login", answer_and_drop(535, "5.7.8 wrong"))
        with pytest.raises(ServerRefusedUs):
            check_login(mail_server(server))


@pytest.mark.parametrize("act", [answer(454, "4.7.0 later"), answer(421), drop()], ids=repr)
def test_a_login_that_cannot_be_checked_now_is_a_server_that_is_away(act: Act) -> None:
    with SmtpServer(login=(USER, PASSWORD)) as server:
        server.on("login", act)
        with pytest.raises(ServerUnavailable) as caught:
            check_login(mail_server(server))
        assert caught.value.stage == "login"
        assert server.reached("login") == 1


def test_a_server_without_a_login_that_we_know_is_a_matter_of_configuration() -> None:
    with (
        SmtpServer(login=(USER, PASSWORD), ways_to_log_in=("XOAUTH2",)) as server,
        pytest.raises(ServerRefusedUs, match="it offers: XOAUTH2"),
    ):
        check_login(mail_server(server))


def test_a_missing_login_is_told_by_the_server_at_the_sender() -> None:
    with (
        SmtpServer(login=(USER, PASSWORD)) as server,
        pytest.raises(ServerRefusedUs, match="530 to the sender"),
    ):
        send(MailServer(host=server.host, port=server.port, timeout=5.0))


def test_the_password_is_not_shown() -> None:
    server = MailServer(host="mail.example.org", port=587, user="club", password="secret")
    assert "secret" not in repr(server)
