"""What a reply of the mail server means, by the stage of the conversation."""

from __future__ import annotations

import re
from typing import Literal

from m2s_orchestration.errors import (
    MailFault,
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
    ServerRefusedUs,
    ServerUnavailable,
)
from m2s_orchestration.mail.addresses import mask

Stage = Literal[
    "connect", "helo", "tls", "login", "idle", "sender", "recipient", "data", "body", "dot"
]

KEPT_TEXT = 500

# Replies that concern the whole conversation at whatever stage before the dot they come (RFC 4954).
SERVICE_ENDS = 421
TRY_LATER = 454
LOGIN_WANTED = frozenset({530, 534, 535, 538})
# For so large a message, or for one more on this connection.
NO_ROOM = 452
TOO_LARGE = 552

WHERE = {
    "connect": "its beginning",
    "helo": "EHLO",
    "tls": "the start of TLS",
    "login": "the login",
    "idle": "RSET or NOOP",
    "sender": "the sender's address",
    "recipient": "the recipient's address",
    "data": "DATA",
    "body": "the message before its end",
    "dot": "the final dot",
}
NOT_REACHED = (
    "Check EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS, EMAIL_USE_SSL, and that the server is up"
)
REMEDY: dict[type[MailFault], str] = {
    ServerUnavailable: "It is tried again",
    ServerRefusedUs: "Check the EMAIL_* settings and what the mail provider allows this account",
    MessageDeferred: "It is tried again later",
    MessageRefused: "It is not tried again",
    OutcomeUnknown: "Look for the message in the mail server's log and settle the delivery by hand",
}


def judge(*, stage: Stage, code: int | None, text: str = "") -> MailFault | None:
    """The fault that a reply means, or None if it is the one that was hoped for.

    `code` is None when there was no reply or none that could be read.
    """
    kind = _kind(stage, code)
    return None if kind is None else fault(kind, stage=stage, code=code, text=text)


def fault(
    kind: type[MailFault], *, stage: Stage, code: int | None = None, text: str = ""
) -> MailFault:
    """A fault with a message for people: addresses masked, cause and remedy named."""
    told = printable(text)
    masked = re.sub(r"[^\s<>\"',;:()]+@[^\s<>\"',;:()]+", lambda found: mask(found[0]), told)
    what = (
        f"The connection to the mail server failed at {WHERE[stage]}"
        if code is None
        else f"The mail server answered {code} to {WHERE[stage]}"
    )
    cause = f"{what}: {masked}" if masked else what
    end = "" if cause.endswith((".", "!", "?")) else "."
    remedy = NOT_REACHED if stage in {"connect", "helo", "tls"} else REMEDY[kind]
    return kind(f"{cause}{end} {remedy}.", stage=stage, code=code, text=told)


def printable(text: str) -> str:
    """A reply's text on one line, without control characters and not too long."""
    visible = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(visible.split())[:KEPT_TEXT]


def _kind(stage: Stage, code: int | None) -> type[MailFault] | None:
    if stage == "dot":
        return _kind_after_dot(code)
    if code is None or code in {SERVICE_ENDS, TRY_LATER}:
        return ServerUnavailable
    if stage in {"connect", "helo", "tls", "idle"}:
        return None if 200 <= code <= 299 else ServerUnavailable
    if code in LOGIN_WANTED:
        return ServerRefusedUs
    if stage in {"login", "sender"}:
        return _kind_about_us(stage, code)
    return _kind_about_message(stage, code)


def _kind_after_dot(code: int | None) -> type[MailFault] | None:
    kinds: dict[int, type[MailFault] | None] = {2: None, 4: MessageDeferred, 5: MessageRefused}
    return kinds.get((code or 0) // 100, OutcomeUnknown)


def _kind_about_us(stage: Stage, code: int) -> type[MailFault] | None:
    if stage == "sender" and code in {NO_ROOM, TOO_LARGE}:
        return MessageDeferred if code == NO_ROOM else MessageRefused
    kinds: dict[int, type[MailFault] | None] = {2: None, 5: ServerRefusedUs}
    return kinds.get(code // 100, ServerUnavailable)


def _kind_about_message(stage: Stage, code: int) -> type[MailFault] | None:
    if stage == "recipient" and code == TOO_LARGE:
        return MessageDeferred
    kinds: dict[int, type[MailFault] | None] = {4: MessageDeferred, 5: MessageRefused}
    if stage == "recipient":
        kinds[2] = None
    if stage == "data":
        kinds[3] = None
    return kinds.get(code // 100, ServerUnavailable)
