"""What the server is told about a message: sender, recipient, and what it must be able to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from m2s_orchestration.errors import BadAddress, MessageRefused, ServerRefusedUs
from m2s_orchestration.mail.addresses import on_the_wire


@dataclass(frozen=True)
class Letter:
    """A message to be sent: `content` is the mail with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Envelope:
    """A message ready for the wire: addresses with A-label domains, content with CRLF line ends."""

    sender: str
    recipient: str
    content: bytes

    @classmethod
    def seal(cls, letter: Letter, *, idempotency_header: str | None) -> Self:
        """Raises ServerRefusedUs for a bad sender, MessageRefused for the rest that cannot be."""
        try:
            mail_from = on_the_wire(letter.sender)
        except BadAddress as error:
            raise ServerRefusedUs(f"The sender cannot be used: {error}", stage="sender") from error
        try:
            rcpt_to = on_the_wire(letter.recipient)
        except BadAddress as error:
            raise MessageRefused(str(error), stage="recipient") from error
        checked = _checked(letter.content)
        key = _idempotency_line(checked, idempotency_header) if idempotency_header else b""
        return cls(mail_from, rcpt_to, key + checked)

    @property
    def on_the_wire(self) -> bytes:
        """The content with every dot at a line's beginning doubled."""
        return re.sub(rb"(?m)^\.", b"..", self.content)

    @property
    def needs_smtputf8(self) -> bool:
        """Whether an address in the envelope or in the header is not ASCII."""
        head, _, _ = self.content.partition(b"\r\n\r\n")
        return not (self.sender.isascii() and self.recipient.isascii() and head.isascii())

    def options(self, extensions: Mapping[str, str]) -> list[str]:
        """What MAIL says besides the sender. `extensions` are those of EHLO, in lower case.

        Raises MessageRefused if the server cannot take such a message.
        """
        options = []
        if "size" in extensions:
            self._fit_into(extensions["size"])
            options.append(f"SIZE={len(self.content)}")
        if self.needs_smtputf8:
            options.append("SMTPUTF8")
        if self.needs_smtputf8 or not self.content.isascii():
            options.append("BODY=8BITMIME")
        for option, extension in (("SMTPUTF8", "smtputf8"), ("BODY=8BITMIME", "8bitmime")):
            if option in options and extension not in extensions:
                name = extension.upper()
                raise _refusal(f"it needs {name}, which the mail server does not offer")
        return options

    def _fit_into(self, limit: str) -> None:
        # "SIZE" alone and "SIZE 0" name no limit.
        if limit.isdigit() and 0 < int(limit) < len(self.content):
            size = len(self.content)
            raise _refusal(f"it is too large: {size} bytes, the mail server takes {limit}")


def _checked(content: bytes) -> bytes:
    """The content with CRLF at its end. A lone CR or LF could smuggle a second message in."""
    if re.search(rb"\r(?!\n)|(?<!\r)\n", content):
        raise _refusal("it has lines that do not end with CR LF")
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _idempotency_line(content: bytes, name: str) -> bytes:
    head, _, _ = content.partition(b"\r\n\r\n")
    found = re.search(rb"(?im)^Message-ID:\s*<([^@>\s]+)@", head)
    if found is None:
        raise _refusal("it has no Message-ID that could serve as idempotency key")
    return b"%s: %s\r\n" % (name.encode(), found[1])


def _refusal(reason: str) -> MessageRefused:
    return MessageRefused(f"The message cannot be sent: {reason}.", stage="sender", text=reason)
