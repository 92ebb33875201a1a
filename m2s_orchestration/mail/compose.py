"""A message as the bytes that go over the wire: the same message gives the same bytes for ever."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from m2s_orchestration.errors import BadMessage
from m2s_orchestration.mail import headers
from m2s_orchestration.mail.addresses import domain_on_the_wire, on_the_wire
from m2s_orchestration.mail.verify import verify

MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")
BODY_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail; `parameters` are its media type's (`method`, `charset`)."""

    filename: str
    content: bytes
    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mail:
    """One mail to one address. `date` is aware; `list_id` looks like `duty.example.org`."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    date: datetime
    message_id: str
    list_id: str
    reply_to: str | None = None
    attachments: tuple[Attachment, ...] = ()


def compose(mail: Mail) -> bytes:
    """The complete mail with CRLF line ends, seven-bit but for an address that is not ASCII.

    Raises BadAddress or BadMessage.
    """
    fields = _fields(mail)
    body = _multipart("alternative", _text("plain", mail.text), _text("html", mail.html))
    if mail.attachments:
        body = _multipart("mixed", body, *map(_attached, mail.attachments))
    content = b"".join(fields.values()) + body
    verify(
        content,
        names=[*fields, "Content-Type"],
        subject=headers.one_line(mail.subject),
        types=_types(mail),
    )
    return content


def message_id(*, key: tuple[str, ...], content: str, domain: str) -> str:
    """The Message-ID of what is said (`content`) under a key: the same for ever, and unguessable.

    Raises BadAddress if the domain is none.
    """
    said = hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()
    digest = hashlib.sha256(json.dumps([*key, said]).encode()).digest()
    local = base64.b32encode(digest).decode()[:32].lower()
    return f"<{local}@{domain_on_the_wire(domain)}>"


def _fields(mail: Mail) -> dict[str, bytes]:
    """The header, in order, without what says how the body is built."""
    if not headers.one_line(mail.subject):
        raise BadMessage("The mail has no subject: give it one.")
    if mail.date.tzinfo is None:
        raise BadMessage(f"The mail's date {mail.date} has no time zone: give it one.")
    if not re.fullmatch(r"<[\w.+-]+@[\w.-]+>", mail.message_id, re.ASCII):
        raise BadMessage(f"{mail.message_id!r} cannot be a Message-ID: make it with message_id().")
    lines = {
        "From": on_the_wire(mail.sender),
        "To": on_the_wire(mail.recipient),
        "Reply-To": on_the_wire(mail.reply_to) if mail.reply_to else "",
        "Subject": mail.subject,
        "Date": format_datetime(mail.date),
        "Message-ID": mail.message_id,
        "List-Id": f"<{domain_on_the_wire(mail.list_id)}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }
    free_text = {"Subject"}
    return {
        name: headers.text_field(name, value) if name in free_text else headers.field(name, value)
        for name, value in lines.items()
        if value
    }


def _types(mail: Mail) -> list[str]:
    """The media types of the mail's parts, outermost first."""
    told = ["multipart/alternative", "text/plain", "text/html"]
    if not mail.attachments:
        return told
    return ["multipart/mixed", *told, *(item.media_type.lower() for item in mail.attachments)]


def _text(subtype: str, text: str) -> bytes:
    lines = "\n".join(text.encode(errors="replace").decode().splitlines()) + "\n"
    octets = BODY_CONTROLS.sub(" ", lines).encode()
    quoted = binascii.b2a_qp(octets, istext=True)
    encoded = base64.encodebytes(octets.replace(b"\n", b"\r\n"))
    is_shorter = len(encoded) < len(quoted)
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: {'base64' if is_shorter else 'quoted-printable'}\r\n\r\n"
    ).encode() + (encoded if is_shorter else quoted).replace(b"\n", b"\r\n")


def _attached(attachment: Attachment) -> bytes:
    if not MEDIA_TYPE.fullmatch(attachment.media_type) or re.match(
        "(?i)multipart/|message/", attachment.media_type
    ):
        raise BadMessage(f"{attachment.media_type!r} cannot be the media type of an attachment.")
    name = {"filename": attachment.filename}
    return (
        f"Content-Type: {attachment.media_type}{headers.parameters(attachment.parameters)}\r\n"
        f"Content-Disposition: attachment{headers.parameters(name)}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + base64.encodebytes(attachment.content).replace(b"\n", b"\r\n")


def _multipart(subtype: str, *parts: bytes) -> bytes:
    # "=_" cannot occur in quoted-printable or base64, so the boundary is in none of the parts.
    boundary = f"=_{hashlib.sha256(bytes(2).join(parts)).hexdigest()[:32]}"
    delimiter = f"--{boundary}\r\n".encode()
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    return (
        head
        + b"".join(delimiter + part + b"\r\n" for part in parts)
        + f"--{boundary}--\r\n".encode()
    )
