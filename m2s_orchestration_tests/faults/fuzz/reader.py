"""A mail as its receiver's programs read it: the standard library's parsers, HTML, calendars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string, policy
from email.errors import NonASCIILocalPartDefect
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses
from typing import Any

from icalendar import Calendar

from m2s_orchestration_tests.faults.fuzz.page import Page, read_page

LONGEST_LINE = 998
LONGEST_CALENDAR_LINE = 75
LONGEST_FILE_NAME = 255
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Entry:
    """A calendar file: its name, the names of its lines, and what its event says."""

    filename: str
    lines: tuple[str, ...]
    event: dict[str, str]


@dataclass(frozen=True)
class Letter:
    """What was read. `faults` are sentences: what a receiver's program stumbles over."""

    names: tuple[str, ...]
    recipient: str
    sender: str
    reply_to: str
    subject: str
    message_id: str
    list_id: str
    types: tuple[str, ...]
    text: str
    page: Page
    entries: tuple[Entry, ...]
    faults: tuple[str, ...]


def read_letter(content: bytes) -> Letter:
    """Read a mail twice, by the old rules and the new, and note where they differ."""
    old = message_from_bytes(content, policy=policy.compat32)
    new = _by_new_rules(content)
    text, html = (_body(old, kind) for kind in ("plain", "html"))
    page = read_page(html)
    entries = tuple(_entries(old))
    return Letter(
        names=tuple(old.keys()),
        recipient=_only_address(old, "To"),
        sender=_only_address(old, "From"),
        reply_to=_only_address(old, "Reply-To"),
        subject=_decoded(str(old["Subject"])),
        message_id=str(old["Message-ID"]),
        list_id=str(old["List-Id"]),
        types=tuple(part.get_content_type() for part in old.walk()),
        text=text,
        page=page,
        entries=entries,
        faults=(
            *_faults_of_bytes(content),
            *_faults_by_rules(old, new),
            *(f"the page has a fault: {error}" for error in page.errors),
            *(f"the {kind} has controls" for kind in _with_controls(text, html)),
            *_faults_of_entries(old, entries),
        ),
    )


def _by_new_rules(content: bytes) -> EmailMessage:
    head = content.partition(b"\r\n\r\n")[0]
    if head.isascii():
        return message_from_bytes(content, policy=policy.default)
    # RFC 6532: a header in UTF-8 is text, and the standard library reads texts.
    return message_from_string(content.decode(), policy=policy.SMTPUTF8)


def _faults_of_bytes(content: bytes) -> Iterator[str]:
    head, _, body = content.partition(b"\r\n\r\n")
    if re.search(rb"\r(?!\n)|(?<!\r)\n", content):
        yield "it has a bare CR or LF"
    if b"\0" in content:
        yield "it has a NUL"
    if max(map(len, content.split(b"\r\n"))) > LONGEST_LINE:
        yield "it has a line that is too long"
    if not body.isascii():
        yield "its body is not ASCII"
    if not content.endswith(b"\r\n"):
        yield "it does not end with a line end"
    if re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", head):
        yield "its header has controls"


def _faults_by_rules(old: Message, new: EmailMessage) -> Iterator[str]:
    if old.keys() != new.keys():
        yield f"its header is {old.keys()} to some and {new.keys()} to others"
    yield from (f"it has a {kind}" for kind in _defects(old, new))
    addresses = new["To"].addresses
    if len(addresses) != 1 or addresses[0].display_name:
        yield f"its To is {new['To']!r}"
    elif _bare(addresses[0].addr_spec) != _bare(_only_address(old, "To")):
        yield f"its To is {addresses[0].addr_spec!r} to some and {old['To']!r} to others"
    if str(new["Subject"]) != _decoded(str(old["Subject"])):
        yield f"its subject is {new['Subject']!r} to some and {old['Subject']!r} to others"
    for kind in ("plain", "html"):
        found = new.get_body((kind,))
        read = found.get_content() if isinstance(found, EmailMessage) else ""
        if read.splitlines() != _body(old, kind).splitlines():
            yield f"its {kind} part is not the same to everybody"


def _defects(old: Message, new: EmailMessage) -> Iterator[str]:
    for part in (*old.walk(), *new.walk()):
        yield from (type(defect).__name__ for defect in part.defects)
    for name, value in new.items():
        for defect in value.defects:
            # RFC 6531 allows it to those who say that they can; the parser knows RFC 5322 only.
            if not isinstance(defect, NonASCIILocalPartDefect):
                yield f"{type(defect).__name__} in {name}"


def _only_address(message: Message, name: str) -> str:
    # Raw, because compat32 replaces what is UTF-8 in a header by question marks.
    fields = [str(value) for key, value in message.raw_items() if key == name]
    texts = [value.encode("ascii", "surrogateescape").decode() for value in fields]
    found = [address for _, address in getaddresses(texts)]
    return found[0] if len(found) == 1 else repr(found) if found else ""


def _bare(address: str) -> str:
    """The address without the quotes that its local part may or need not have."""
    local, _, domain = address.rpartition("@")
    if local.startswith('"') and local.endswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return f"{local}@{domain}"


def _decoded(field: str) -> str:
    return str(make_header(decode_header(re.sub("\r\n(?=[ \t])", "", field))))


def _body(message: Message, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == f"text/{kind}":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload.decode()
    return ""


def _with_controls(text: str, html: str) -> list[str]:
    parts = {"text": text, "page": html}
    return [name for name, part in parts.items() if CONTROLS.search(part.replace("\r\n", "\n"))]


def _entries(message: Message) -> Iterator[Entry]:
    for part in message.walk():
        if part.get_content_type() == "text/calendar":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            calendar: Any = Calendar.from_ical(payload)
            (event,) = calendar.walk("VEVENT")
            unfolded = payload.decode().replace("\r\n ", "").split("\r\n")
            yield Entry(
                filename=str(part.get_filename()),
                lines=tuple(re.split("[;:]", line)[0] for line in unfolded),
                event={name: _said(value) for name, value in event.items()},
            )


def _said(value: Any) -> str:
    return str(value.dt) if hasattr(value, "dt") else str(value)


def _faults_of_entries(message: Message, entries: tuple[Entry, ...]) -> Iterator[str]:
    for part in message.walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/calendar" and isinstance(payload, bytes):
            lines = payload.split(b"\r\n")
            if any(len(line) > LONGEST_CALENDAR_LINE or b"\n" in line for line in lines):
                yield "a calendar file has a line that is too long, or no line"
            calendar: Any = Calendar.from_ical(payload)
            if calendar.errors or any(item.errors for item in calendar.walk()):
                yield "a calendar file has errors"
    for entry in entries:
        if re.search(r"[/\\\x00-\x1f]|^\.", entry.filename) or not entry.filename[:-4]:
            yield f"a file is called {entry.filename!r}"
        if len(entry.filename.encode()) > LONGEST_FILE_NAME:
            yield "a file has a name that no disk takes"
    uids = [entry.event["UID"] for entry in entries]
    if len(set(uids)) < len(uids):
        yield f"two calendar files are one event: {uids}"
