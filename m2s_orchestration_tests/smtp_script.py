"""What a test's SMTP server can be told to do, and what it remembers of a message."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Stage = Literal[
    "connect",
    "helo",
    "tls",
    "login",
    "sender",
    "recipient",
    "data",
    "body",
    "dot",
    "reset",
    "noop",
    "quit",
]


@dataclass(frozen=True)
class Accepted:
    """One message that was taken: the envelope, and the content without the doubled dots."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    options: tuple[str, ...] = ()
    user: str = ""

    @property
    def recipient(self) -> str:
        """The only recipient."""
        (recipient,) = self.recipients
        return recipient

    def header(self, name: str) -> str:
        """A header's value, unfolded; empty if there is none."""
        head = self.content.partition(b"\r\n\r\n")[0] + b"\r\n"
        found = re.search(rb"(?im)^%s:[ \t]*((?:.*\r\n[ \t])*.*)\r\n" % name.encode(), head)
        return found[1].replace(b"\r\n", b"").decode() if found else ""


@dataclass(frozen=True)
class Act:
    """What to do at a stage: take the message or not, say something or nothing, go on or not."""

    said: bytes | None = None
    then: Literal["go on", "hang", "drop", "babble"] = "go on"
    accepts: bool = False
    seconds: float | None = None


def answer(code: int, *lines: str) -> Act:
    """Give this reply instead of the usual one and go on."""
    told = lines or ("scripted",)
    rows = [f"{code}{'-' if row < len(told) - 1 else ' '}{line}" for row, line in enumerate(told)]
    return Act(said="".join(f"{row}\r\n" for row in rows).encode())


def accept_but_say(said: bytes) -> Act:
    """Take the message and answer with these bytes."""
    return Act(said=said, accepts=True)


def say(said: bytes) -> Act:
    """Send these bytes, whatever they are, instead of the reply, and go on."""
    return Act(said=said)


def answer_and_drop(code: int, line: str = "closing") -> Act:
    """Give this reply and close the connection."""
    return Act(said=f"{code} {line}\r\n".encode(), then="drop")


def drop(*, accepts: bool = False) -> Act:
    """Close the connection without a word; at the dot perhaps with the message taken."""
    return Act(then="drop", accepts=accepts)


def hang(*, accepts: bool = False) -> Act:
    """Say nothing until `release`, then go on as usual; a message may be taken before."""
    return Act(then="hang", accepts=accepts)


def slow(seconds: float) -> Act:
    """Say nothing for so long, then go on as usual."""
    return Act(then="hang", seconds=seconds)


def babble(said: bytes) -> Act:
    """Send these bytes again and again for as long as the client listens."""
    return Act(said=said, then="babble")


def read_record(path: Path) -> list[Accepted]:
    """The messages that a server with `record` accepted, in order."""
    if not path.exists():
        return []
    return [_from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def as_json(message: Accepted) -> str:
    """One line of a record."""
    # Latin-1 keeps every byte and leaves the file readable.
    return json.dumps(asdict(message) | {"content": message.content.decode("latin-1")})


def _from_json(line: str) -> Accepted:
    entry: dict[str, Any] = json.loads(line)
    return Accepted(
        sender=entry["sender"],
        recipients=tuple(entry["recipients"]),
        content=entry["content"].encode("latin-1"),
        options=tuple(entry["options"]),
        user=entry["user"],
    )
