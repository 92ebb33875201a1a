from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.errors import MessageRefused, ServerRefusedUs
from m2s_orchestration.mail.envelope import Envelope, Letter

CONTENT = b"Message-ID: <abc@club.example>\r\n\r\nHello\r\n"
MODERN = {"size": "1000", "8bitmime": "", "smtputf8": ""}


def sealed(
    content: bytes = CONTENT,
    *,
    sender: str = "noreply@club.example",
    recipient: str = "jane@example.org",
    header: str | None = None,
) -> Envelope:
    letter = Letter(sender=sender, recipient=recipient, content=content)
    return Envelope.seal(letter, idempotency_header=header)


def test_a_plain_message_asks_for_nothing() -> None:
    assert sealed().options({}) == []
    assert sealed().options(MODERN) == [f"SIZE={len(CONTENT)}"]


def test_an_address_that_is_not_ascii_asks_for_smtputf8() -> None:
    envelope = sealed(recipient="jürg@example.org")
    assert envelope.options(MODERN)[1:] == ["SMTPUTF8", "BODY=8BITMIME"]
    with pytest.raises(MessageRefused, match="needs SMTPUTF8"):
        envelope.options({"8bitmime": ""})


def test_a_domain_in_another_script_asks_for_nothing() -> None:
    envelope = sealed(recipient="jane@bücher.example")
    assert envelope.recipient == "jane@xn--bcher-kva.example"
    assert envelope.options({}) == []


def test_an_eight_bit_body_asks_for_8bitmime() -> None:
    envelope = sealed(b"Subject: x\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n")
    assert envelope.options(MODERN)[1:] == ["BODY=8BITMIME"]
    with pytest.raises(MessageRefused, match="needs 8BITMIME"):
        envelope.options({})


@pytest.mark.parametrize("limit", ["", "0", "1000", "nonsense"])
def test_a_message_below_the_servers_limit_goes(limit: str) -> None:
    assert sealed().options({"size": limit}) == [f"SIZE={len(CONTENT)}"]


def test_a_message_above_the_servers_limit_does_not_go() -> None:
    with pytest.raises(MessageRefused, match=r"too large: .* the mail server takes 10"):
        sealed().options({"size": "10"})


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nb\r\n", b"a\r"])
def test_a_lone_line_end_cannot_smuggle_a_second_message(content: bytes) -> None:
    with pytest.raises(MessageRefused, match="CR LF"):
        sealed(content)


@given(st.lists(st.sampled_from([b".", b"..", b"x", b"", b".x", b"\xc3\xbc"])))
def test_the_server_gets_the_dots_back_that_were_doubled(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines) or b"\r\n"
    wire = sealed(content).on_the_wire
    assert wire.endswith(b"\r\n")
    received = wire.removesuffix(b"\r\n").split(b"\r\n")
    assert b"." not in received
    assert b"".join(line.removeprefix(b".") + b"\r\n" for line in received) == content


def test_the_message_id_serves_as_idempotency_key() -> None:
    content = sealed(header="Idempotency-Key").content
    assert content == b"Idempotency-Key: abc\r\n" + CONTENT


def test_without_a_message_id_there_is_no_key() -> None:
    with pytest.raises(MessageRefused, match="no Message-ID"):
        sealed(b"Subject: x\r\n\r\nMessage-ID: <a@b.org>\r\n", header="Idempotency-Key")


def test_a_bad_sender_is_our_fault_and_a_bad_recipient_the_messages() -> None:
    with pytest.raises(ServerRefusedUs):
        sealed(sender="noreply")
    with pytest.raises(MessageRefused):
        sealed(recipient="jane")
