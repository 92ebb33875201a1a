"""The mailbox, spoken to over SMTP."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from m2s_orchestration.demo.mailbox import Mailbox, read_mailbox
from m2s_orchestration.errors import DemoFault

PLAIN = b"Subject: One\r\nMessage-ID: <one@club.example>\r\n\r\nFirst\r\n.second\r\n"


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mailbox") as mailbox:
        yield mailbox


def send(mailbox: Mailbox, content: bytes, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port) as client:
        client.sendmail("noreply@club.example", recipients, content)


def test_it_keeps_a_mail_exactly_as_it_came(mailbox: Mailbox) -> None:
    send(mailbox, PLAIN, "ann@club.example")
    [mail] = mailbox.messages()
    assert mail.content == PLAIN
    assert mail.path == mailbox.folder / "0001-ann@club.example.eml"
    assert (mail.sender, mail.recipients) == ("noreply@club.example", ("ann@club.example",))
    assert mail.message_id == "<one@club.example>"


def test_a_mail_is_in_its_file_before_it_is_acknowledged(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port) as client:
        client.sendmail("noreply@club.example", ["ann@club.example"], PLAIN)
        assert [mail.content for mail in read_mailbox(mailbox.folder)] == [PLAIN]


def test_a_mail_that_was_not_finished_is_not_kept(mailbox: Mailbox) -> None:
    client = smtplib.SMTP("127.0.0.1", mailbox.port)
    client.ehlo()
    client.mail("noreply@club.example")
    client.rcpt("ann@club.example")
    client.putcmd("data")
    assert client.getreply()[0] == 354
    client.send(PLAIN)
    client.close()
    send(mailbox, PLAIN, "bob@club.example")
    assert [mail.recipients for mail in mailbox.messages()] == [("bob@club.example",)]
    assert [path.name for path in mailbox.folder.glob("*.eml")] == ["0001-bob@club.example.eml"]


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        with Mailbox(tmp_path) as mailbox:
            send(mailbox, PLAIN, "ann@club.example")
            send(mailbox, PLAIN, "bob@club.example")
    assert [mail.number for mail in read_mailbox(tmp_path)] == [1, 2, 3, 4]


def test_one_mail_to_two_people_is_one_file(mailbox: Mailbox) -> None:
    send(mailbox, PLAIN, "ann@club.example", "bob@club.example")
    [mail] = mailbox.messages()
    assert mail.recipients == ("ann@club.example", "bob@club.example")


@pytest.mark.parametrize("recipient", ["sean.o'brien@club.example", "../../../etc/x@club.example"])
def test_no_address_leads_out_of_the_folder(mailbox: Mailbox, recipient: str) -> None:
    send(mailbox, PLAIN, recipient)
    [mail] = mailbox.messages()
    assert mail.recipients == (recipient,)
    assert mail.path.parent == mailbox.folder
    assert list(mailbox.folder.glob("*.eml")) == [mail.path]


def test_it_takes_names_and_addresses_in_any_script(mailbox: Mailbox) -> None:
    message = EmailMessage()
    message["From"] = "High Meadow <noreply@club.example>"
    message["To"] = "Юлия Соколова <юлия@club.example>"
    message["Subject"] = "Инструктор"
    message.set_content("Здравствуйте")
    with smtplib.SMTP("127.0.0.1", mailbox.port) as client:
        client.send_message(message)
    [mail] = mailbox.messages()
    assert mail.recipients == ("юлия@club.example",)
    assert mail.message["Subject"] == "Инструктор"


def test_a_full_disk_is_a_fault_for_now(mailbox: Mailbox) -> None:
    (mailbox.folder / "0001-ann@club.example.part").mkdir()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(mailbox, PLAIN, "ann@club.example")
    assert refused.value.smtp_code == 451
    assert mailbox.messages() == []


def test_two_mailboxes_do_not_share_a_folder(mailbox: Mailbox) -> None:
    with pytest.raises(DemoFault, match="Another mailbox"), Mailbox(mailbox.folder):
        pass


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(DemoFault, match=str(port)), Mailbox(tmp_path, port=port):
            pass


def test_it_closes_its_port_and_its_clients(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        port = mailbox.port
        client = smtplib.SMTP("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port)
    client.close()
