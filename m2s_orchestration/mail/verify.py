"""A composed mail read as its receiver will read it, and compared with what was meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from m2s_orchestration.errors import BadMessage

LONGEST_LINE = 998  # octets without CR LF, RFC 5322


def verify(content: bytes, *, names: Sequence[str], subject: str, types: Sequence[str]) -> None:
    """Check header names, subject and media types. Raises BadMessage with the difference."""
    for line in content.split(b"\r\n"):
        if re.search(rb"[\r\n\0]", line):
            raise BadMessage(f"The mail has a CR, LF or NUL within the line {line[:60]!r}.")
        if len(line) > LONGEST_LINE:
            raise BadMessage(f"The mail has a line of {len(line)} octets: {line[:60]!r}…")
    # As it does without a policy: to name the old one would load the new ones' parsers too.
    mail: Message = message_from_bytes(content)
    _same("header", mail.keys(), list(names))
    _same("subject", _decoded(str(mail["Subject"])), subject)
    _same("parts", [part.get_content_type() for part in mail.walk()], list(types))
    defects = [type(defect).__name__ for part in mail.walk() for defect in part.defects]
    _same("defects", defects, [])


def _decoded(field: str) -> str:
    try:
        return str(make_header(decode_header(re.sub("\r\n(?=[ \t])", "", field))))
    except (HeaderParseError, LookupError, UnicodeError) as error:
        raise BadMessage(f"The subject cannot be read back: {error}.") from error


def _same(what: str, found: object, meant: object) -> None:
    if found != meant:
        raise BadMessage(f"The mail's {what} came out as {found!r} and was meant as {meant!r}.")
