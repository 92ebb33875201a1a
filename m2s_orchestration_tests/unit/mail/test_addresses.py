from __future__ import annotations

import subprocess
import sys

import pytest
from email_validator import validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from m2s_orchestration.errors import BadAddress
from m2s_orchestration.mail.addresses import (
    PLAIN,
    check,
    domain_on_the_wire,
    mask,
    normalise,
    on_the_wire,
)

GOOD = [
    "jane@example.org",
    "Jane.O'Neil+club@Example.ORG",
    "jane@club.example",
    "jane@club.test",
    "jane@hangar.local",
    "jürg@example.org",
    "jane@bücher.example",
    "jane@xn--bcher-kva.example",
    '"jane doe"@example.org',
    f"{'x' * 64}@example.org",
]

BAD = {
    "": "blank",
    " \t": "blank",
    "jane": "must have an @-sign",
    "jane@b": "should have a period",
    "jane@nowhere.invalid": "cannot be used with email",
    "jane@example.org, joe@example.org": "several addresses",
    "jane@example.org;joe@example.org": "several addresses",
    "jane@example.org joe@example.org": "several addresses",
    "<jane@example.org>": "angle brackets",
    "Jane Doe <jane@example.org>": "display name",
    "jane@example.org.": "end with a period",
    f"{'x' * 65}@example.org": "too long",
    "jane\r\nBcc: joe@example.org": "control characters",
    "jane\0@example.org": "control characters",
    "jane\u202e@example.org": "direction of writing",
    "=?utf-8?q?jane?=@example.org": "encoded word",
    "jane doe@example.org": "not a valid address",
    "jane@[127.0.0.1]": "bracketed IP address",
}


@pytest.mark.parametrize("address", GOOD)
def test_an_address_of_a_real_club_is_mailed_as_it_stands(address: str) -> None:
    assert check(address) == address


def test_an_address_is_trimmed_before_it_is_mailed() -> None:
    assert check("  Jane@Example.org\n") == "Jane@Example.org"


@pytest.mark.parametrize(("address", "reason"), BAD.items())
def test_a_bad_address_is_refused_with_its_reason(address: str, reason: str) -> None:
    with pytest.raises(BadAddress, match=reason):
        check(address)


LABELS = st.text(st.sampled_from("aZ09-"), min_size=1, max_size=20)
ALMOST_PLAIN = st.builds(
    lambda local, labels: f"{local}@{'.'.join(labels)}",
    st.text(st.sampled_from("aZ09._+-"), min_size=1, max_size=70),
    st.lists(LABELS | st.sampled_from(["org", "c", "xn", "INVALID"]), min_size=1, max_size=5),
)


@settings(max_examples=500)
@example("INFO@Example.org")
@given((ALMOST_PLAIN | st.emails()).filter(PLAIN.fullmatch))
def test_the_library_takes_every_plain_address_as_it_stands(address: str) -> None:
    local, _, domain = address.rpartition("@")
    told = validate_email(address, check_deliverability=False, allow_quoted_local=True, strict=True)
    # It writes info@ and the like in small letters; we mail the local part as it stands.
    assert (told.local_part.lower(), told.ascii_domain) == (local.lower(), domain.lower())


@pytest.mark.parametrize(
    "address",
    ["jane@org", "jane@example.c0m", "jane@ex--ample.org", "jane@-example.org", "j..d@example.org"],
)
def test_what_only_looks_plain_is_left_to_the_library(address: str) -> None:
    assert not PLAIN.fullmatch(address)


def test_a_plain_address_does_not_load_the_library() -> None:
    script = (
        "import sys; from m2s_orchestration.mail.addresses import on_the_wire\n"
        "on_the_wire('Jane.Doe+club@hangar-1.example')\n"
        "assert 'email_validator' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@given(st.text(max_size=40))
def test_whatever_is_refused_is_not_repeated_in_full(local: str) -> None:
    address = f"secretary{local}@@example.org"
    with pytest.raises(BadAddress) as refused:
        check(address)
    assert "secretary" not in str(refused.value)


@given(st.text() | st.emails())
def test_an_address_is_accepted_or_refused_and_nothing_else(address: str) -> None:
    try:
        trimmed = check(address)
    except BadAddress:
        return
    wire = on_the_wire(address)
    assert trimmed == address.strip()
    assert wire.rpartition("@")[2].isascii()
    assert not any(ord(letter) < 32 for letter in wire)


def test_addresses_are_compared_trimmed_and_without_case() -> None:
    assert normalise(" Jane@EXAMPLE.org ") == normalise("jane@example.ORG")
    assert normalise("Ju\u0308rg@example.org") == normalise("JÜRG@example.org")


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("jane@example.org", "j***@example.org"),
        ("j@example.org", "j***@example.org"),
        ("@example.org", "***@example.org"),
        ("jane doe", "***"),
        ("", "***"),
        ("\x1b@ex\nample.org", "***@ex?ample.org"),
    ],
)
def test_a_masked_address_shows_one_letter_and_the_domain(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_a_domain_in_another_script_goes_out_as_a_labels() -> None:
    assert on_the_wire("Jane@bücher.example") == "Jane@xn--bcher-kva.example"
    assert on_the_wire("jane@Example.ORG") == "jane@Example.ORG"
    assert domain_on_the_wire("bücher.example") == "xn--bcher-kva.example"
