from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.errors import (
    MessageDeferred,
    MessageRefused,
)
from m2s_orchestration.mail.envelope import Letter
from m2s_orchestration.mail.smtp import Conversation, MailServer
from m2s_orchestration_tests.integration.mail.conversing import (
    CONTENT,
    JANE,
    LONG,
    SENDER,
    mail_server,
    send,
)
from m2s_orchestration_tests.smtp_script import (
    Stage,
    answer,
    read_record,
)
from m2s_orchestration_tests.smtp_server import SmtpServer


def test_one_connection_serves_many_messages_in_order(smtp_server: SmtpServer) -> None:
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        for number in range(3):
            text = send(conversation, f"member{number}@example.org")
            assert text == f"2.0.0 {len(CONTENT)} bytes taken"
        assert conversation.served == 3
    assert [message.recipient for message in smtp_server.accepted] == [
        f"member{number}@example.org" for number in range(3)
    ]
    assert smtp_server.accepted[0].sender == SENDER
    assert smtp_server.accepted[0].content == CONTENT
    assert smtp_server.accepted[0].options == (f"SIZE={len(CONTENT)}",)
    assert smtp_server.reached("connect") == 1
    assert smtp_server.reached("quit") == 1


@pytest.fixture(scope="module")
def patient_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([b".", b"..", b".x", b"", b"x", b"x" * 998]) | st.binary(max_size=40))
)
def test_whatever_is_in_a_message_arrives_byte_for_byte(
    patient_server: SmtpServer, lines: list[bytes]
) -> None:
    clean = [line.replace(b"\r", b"").replace(b"\n", b"") for line in lines]
    content = b"X: y\r\n\r\n" + b"".join(line + b"\r\n" for line in clean)
    with closing(Conversation.open(mail_server(patient_server))) as conversation:
        send(conversation, content=content)
    assert patient_server.accepted[-1].content == content


def test_a_message_without_a_line_end_at_its_end_gets_one(smtp_server: SmtpServer) -> None:
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        send(conversation, content=b"X: y\r\n\r\nHello")
    assert smtp_server.accepted[0].content == b"X: y\r\n\r\nHello\r\n"


def test_a_withdrawn_message_never_existed(smtp_server: SmtpServer) -> None:
    for content in (CONTENT, LONG):
        conversation = Conversation.open(mail_server(smtp_server))
        conversation.offer(Letter(SENDER, JANE, content))
        conversation.withdraw()
        conversation.close()
    smtp_server.wait_until_idle()
    assert smtp_server.reached("body") == 2
    assert smtp_server.reached("dot") == 0
    assert smtp_server.accepted == []


def test_closing_with_an_offered_message_withdraws_it(smtp_server: SmtpServer) -> None:
    conversation = Conversation.open(mail_server(smtp_server))
    conversation.offer(Letter(SENDER, JANE, CONTENT))
    conversation.close()
    smtp_server.wait_until_idle()
    assert smtp_server.accepted == []
    assert smtp_server.reached("quit") == 0


def test_another_kind_of_server_drops_a_withdrawn_message_too(tmp_path: Path) -> None:
    with Mailbox(tmp_path) as mailbox:
        server = MailServer(host="127.0.0.1", port=mailbox.port, timeout=5.0)
        for content in [CONTENT] * 20 + [LONG]:
            conversation = Conversation.open(server)
            conversation.offer(Letter(SENDER, JANE, content))
            conversation.withdraw()
        with closing(Conversation.open(server)) as conversation:
            send(conversation, "joe@example.org")
        (message,) = mailbox.messages()
    assert message.recipients == ("joe@example.org",)
    assert message.content == CONTENT


@pytest.mark.parametrize("stage", ["recipient", "data"])
def test_after_a_refusal_the_connection_serves_the_next_message(
    smtp_server: SmtpServer, stage: Stage
) -> None:
    smtp_server.on(stage, answer(550, "5.1.1 unknown"), times=1)
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        with pytest.raises(MessageRefused):
            send(conversation)
        send(conversation, "joe@example.org")
    assert [message.recipient for message in smtp_server.accepted] == ["joe@example.org"]
    assert smtp_server.reached("connect") == 1
    assert smtp_server.reached("reset") == 1


def test_one_recipients_refusal_is_not_the_others(smtp_server: SmtpServer) -> None:
    smtp_server.on("recipient", answer(450, "4.2.0 greylisted"), recipient=JANE)
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        with pytest.raises(MessageDeferred, match=r"450 .* greylisted"):
            send(conversation)
        conversation.reset()
        send(conversation, "joe@example.org")
    assert len(smtp_server.accepted) == 1


def test_a_server_without_smtputf8_never_hears_of_an_address_that_needs_it() -> None:
    with SmtpServer(extensions=("8BITMIME",)) as server:
        with closing(Conversation.open(mail_server(server))) as conversation:
            with pytest.raises(MessageRefused, match="needs SMTPUTF8"):
                send(conversation, "jürg@example.org")
            send(conversation)
        assert server.reached("sender") == 1


def test_a_server_with_smtputf8_gets_the_address_as_it_is(smtp_server: SmtpServer) -> None:
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        send(conversation, "jürg@example.org")
        send(conversation, "jane@bücher.example")
    assert [message.recipient for message in smtp_server.accepted] == [
        "jürg@example.org",
        "jane@xn--bcher-kva.example",
    ]
    assert smtp_server.accepted[0].options[1:] == ("SMTPUTF8", "BODY=8BITMIME")
    assert len(smtp_server.accepted[1].options) == 1


def test_a_message_that_is_too_large_is_not_begun() -> None:
    with SmtpServer(extensions=("SIZE 50",)) as server:
        with (
            closing(Conversation.open(mail_server(server))) as conversation,
            pytest.raises(MessageRefused, match="too large"),
        ):
            send(conversation)
        assert server.reached("sender") == 0


def test_an_old_server_without_ehlo_is_served(smtp_server: SmtpServer) -> None:
    smtp_server.on("helo", answer(502, "what?"), times=1)
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        send(conversation)
    assert smtp_server.accepted[0].options == ()


def test_a_relay_with_an_idempotency_key_keeps_one_of_two_copies() -> None:
    with SmtpServer(idempotency_header="Idempotency-Key") as server:
        named = replace(mail_server(server), idempotency_header="Idempotency-Key")
        for _ in range(2):
            with closing(Conversation.open(named)) as conversation:
                send(conversation)
        (message,) = server.accepted
    assert message.header("Idempotency-Key") == "abc"


def test_what_was_accepted_is_recorded_for_other_processes(tmp_path: Path) -> None:
    record = tmp_path / "mail.jsonl"
    assert read_record(record) == []
    with SmtpServer(record=record) as server:
        with closing(Conversation.open(mail_server(server))) as conversation:
            send(conversation, "jürg@example.org", CONTENT + bytes(range(128, 256)) + b"\r\n")
        assert read_record(record) == server.accepted


def test_a_step_out_of_turn_is_a_mistake_of_the_programs(smtp_server: SmtpServer) -> None:
    with closing(Conversation.open(mail_server(smtp_server))) as conversation:
        with pytest.raises(RuntimeError):
            conversation.finish()
        conversation.offer(Letter(SENDER, JANE, CONTENT))
        with pytest.raises(RuntimeError):
            conversation.offer(Letter(SENDER, JANE, CONTENT))
        conversation.finish()
    assert len(smtp_server.accepted) == 1
