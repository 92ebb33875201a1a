"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Trouble:
    """An occurrence that went wrong. `said` is what its run said, `link` where its page is."""

    id: int
    notification: str
    tick: datetime
    kind: str
    run_id: str | None
    link: str | None
    said: str


@dataclass(frozen=True)
class Mail:
    """A delivery of such an occurrence."""

    id: int
    trouble_id: int
    state: str
    recipient_key: str
    address: str | None
    why: str


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    troubles: tuple[Trouble, ...]
    mails: tuple[Mail, ...]
