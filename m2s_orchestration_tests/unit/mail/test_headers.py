from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.errors import BadMessage
from m2s_orchestration.mail.headers import field, one_line, parameters, text_field


def test_plain_text_stays_readable() -> None:
    assert text_field("Subject", "3 logsheets wait") == b"Subject: 3 logsheets wait\r\n"


def test_long_plain_text_is_folded_at_its_spaces() -> None:
    folded = text_field("Subject", "glider " * 20)
    assert all(len(line) <= 78 for line in folded.split(b"\r\n"))
    assert folded.replace(b"\r\n ", b" ") == b"Subject: " + b" ".join([b"glider"] * 20) + b"\r\n"


def test_an_encoded_word_in_a_text_goes_out_as_the_letters_it_is_made_of() -> None:
    assert b"=?utf-8?q?x" not in text_field("Subject", "=?utf-8?q?x=0d=0aBcc=3a_e=40x=2eorg?=")


def test_line_ends_become_spaces_and_overrides_vanish() -> None:
    assert one_line(" a\r\nBcc: b\0\x85c\u2028d\u202e\u2066e ") == "a Bcc: b c de"


@given(st.text())
def test_no_text_makes_a_second_field(text: str) -> None:
    octets = text_field("Subject", text)
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    first, *more = octets.removesuffix(b"\r\n").split(b"\r\n")
    assert first.startswith(b"Subject:")
    assert all(line.startswith(b" ") and line.strip() for line in more)
    assert all(len(line) <= 78 for line in (first, *more))


def test_structure_of_our_own_with_a_line_end_is_a_fault() -> None:
    with pytest.raises(BadMessage, match="control characters"):
        field("To", "jane@example.org\r\nBcc: joe@example.org")


def test_parameters_are_bare_quoted_or_in_utf8() -> None:
    told = parameters({"method": "PUBLISH", "name": 'a "b"', "filename": "Flugplan Mü.ics"})
    assert told == (
        ';\r\n method=PUBLISH;\r\n name="a \\"b\\"";\r\n filename*=utf-8\'\'Flugplan%20M%C3%BC.ics'
    )


def test_a_parameter_needs_a_name() -> None:
    with pytest.raises(BadMessage, match="cannot be the name"):
        parameters({"a b": "c"})
