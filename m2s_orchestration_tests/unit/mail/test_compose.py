from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.errors import BadAddress, BadMessage
from m2s_orchestration.mail.compose import Attachment, Mail, compose, message_id
from m2s_orchestration.mail.headers import one_line

INJECTION = "=?utf-8?q?x=0d=0aBcc=3a_evil=40x=2eorg?="
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Id",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
]
MAIL = Mail(
    sender="noreply@club.example",
    recipient="jane@example.org",
    subject="3 logsheets wait",
    text="Hello Jane,\n\n3 logsheets wait.\n",
    html="<p>Hello Jane</p>\n",
    date=datetime(2026, 3, 1, 8, 0, tzinfo=UTC),
    message_id="<abc@club.example>",
    list_id="notify-aging-logsheets.club.example",
)
CALENDAR = Attachment(
    filename="Dienst am 1. März.ics",
    content=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    media_type="text/calendar",
    parameters={"method": "PUBLISH", "charset": "utf-8"},
)


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def subject_of(content: bytes) -> str:
    plain: Message = message_from_bytes(content)
    unfolded = re.sub("\r\n(?=[ \t])", "", str(plain["Subject"]))
    return str(make_header(decode_header(unfolded)))


def body_of(mail: EmailMessage, subtype: str) -> str:
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_payload(decode=True).decode())  # type: ignore[union-attr]


def test_a_mail_carries_these_headers_once_and_no_other() -> None:
    mail = read(compose(MAIL))
    assert mail.keys() == HEADERS
    assert mail["From"] == "noreply@club.example"
    assert mail["To"] == "jane@example.org"
    assert mail["Date"] == "Sun, 01 Mar 2026 08:00:00 +0000"
    assert mail["Message-ID"] == "<abc@club.example>"
    assert mail["List-Id"] == "<notify-aging-logsheets.club.example>"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_an_answer_goes_where_the_club_wants_it() -> None:
    mail = read(compose(replace(MAIL, reply_to="office@club.example")))
    assert mail["Reply-To"] == "office@club.example"


def test_the_text_comes_before_the_html() -> None:
    mail = read(compose(MAIL))
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert body_of(mail, "plain") == MAIL.text.replace("\n", "\r\n")
    assert body_of(mail, "html") == MAIL.html.replace("\n", "\r\n")


def test_a_calendar_entry_is_attached_with_its_method() -> None:
    mail = read(compose(replace(MAIL, attachments=(CALENDAR,))))
    (part,) = mail.iter_attachments()
    assert mail.get_content_type() == "multipart/mixed"
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == "PUBLISH"
    assert part.get_filename() == CALENDAR.filename
    assert part.get_payload(decode=True) == CALENDAR.content


def test_the_same_mail_gives_the_same_bytes() -> None:
    first = compose(replace(MAIL, attachments=(CALENDAR, CALENDAR)))
    assert compose(replace(MAIL, attachments=(CALENDAR, CALENDAR))) == first
    assert compose(replace(MAIL, text="other", attachments=(CALENDAR, CALENDAR))) != first


@pytest.mark.parametrize("subject", [INJECTION, "x\r\nBcc: evil@x.org", "x\nBcc: evil@x.org\n\n"])
def test_no_subject_writes_another_header(subject: str) -> None:
    content = compose(replace(MAIL, subject=subject))
    assert read(content).keys() == HEADERS
    assert not re.search(rb"(?im)^bcc", content)
    assert subject_of(content) == one_line(subject)


@given(subject=st.text(min_size=1), text=st.text(), html=st.text(), filename=st.text(max_size=60))
def test_whatever_is_said_arrives_as_it_was_said(
    subject: str, text: str, html: str, filename: str
) -> None:
    attached = Attachment(filename=filename, content=text.encode(), media_type="text/csv")
    mail = replace(MAIL, subject=f"x{subject}", text=text, html=html, attachments=(attached,))
    content = compose(mail)
    assert content.isascii()
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert subject_of(content) == one_line(f"x{subject}")
    read_back = read(content)
    assert read_back.keys() == HEADERS
    assert body_of(read_back, "plain") == as_lines(text)
    assert body_of(read_back, "html") == as_lines(html)
    (part,) = read_back.iter_attachments()
    assert part.get_payload(decode=True) == text.encode()


def as_lines(text: str) -> str:
    lines = (re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", " ", line) for line in text.splitlines())
    return "\r\n".join(lines) + "\r\n"


def test_lines_of_dots_long_lines_and_nul_travel_in_seven_bits() -> None:
    text = "." * 80 + "\n.\n..\n" + "x" * 5000 + "\nbare\rreturn\nnul\0\n"
    content = compose(replace(MAIL, text=text))
    said = body_of(read(content), "plain")
    assert said == text.replace("\r", "\n").replace("\0", " ").replace("\n", "\r\n")


def test_a_domain_in_another_script_is_written_in_a_labels() -> None:
    content = compose(replace(MAIL, recipient="jane@bücher.example", list_id="x.bücher.example"))
    assert b"\r\nTo: jane@xn--bcher-kva.example\r\n" in content
    assert b"\r\nList-Id: <x.xn--bcher-kva.example>\r\n" in content


def test_only_an_address_that_is_not_ascii_makes_a_mail_eight_bit() -> None:
    content = compose(replace(MAIL, recipient="jürg@example.org", text="Grüße 日本", subject="Ü"))
    lines = [line for line in content.split(b"\r\n") if not line.isascii()]
    assert lines == ["To: jürg@example.org".encode()]


@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (replace(MAIL, subject="\u202e\r\n"), "no subject"),
        (replace(MAIL, date=datetime(2026, 3, 1)), "no time zone"),  # noqa: DTZ001 - that is it
        (replace(MAIL, message_id="<a@b>\r\nBcc: <c@d>"), "cannot be a Message-ID"),
        (replace(MAIL, attachments=(replace(CALENDAR, media_type="a/b; c"),)), "media type"),
        (replace(MAIL, attachments=(replace(CALENDAR, media_type="message/rfc822"),)), "media"),
        (replace(MAIL, attachments=(replace(CALENDAR, filename="ü" * 400),)), "octets"),
    ],
)
def test_what_cannot_be_a_mail_is_refused(mail: Mail, reason: str) -> None:
    with pytest.raises(BadMessage, match=reason):
        compose(mail)


def test_a_bad_address_is_refused() -> None:
    with pytest.raises(BadAddress):
        compose(replace(MAIL, recipient="jane@example.org\r\nBcc: joe@example.org"))


def test_a_message_id_is_the_same_for_ever() -> None:
    made = message_id(
        key=("duty", "2026-03-01", "member:7", ""), content="x", domain="club.example"
    )
    assert made == "<t4thalib2o2wrkmewjasnw5nlrjonmwl@club.example>"


def test_message_ids_differ_by_key_content_and_where_a_key_is_split() -> None:
    keys = [("a", "b"), ("ab", ""), ("a\0b",), ("a", "b", "")]
    made = {
        message_id(key=key, content=content, domain="club.example")
        for key in keys
        for content in ("x", "y")
    }
    assert len(made) == 8
