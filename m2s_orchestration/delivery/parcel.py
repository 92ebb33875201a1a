"""One delivery as the mail server is given it, and how long it rests when it was deferred."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from m2s_orchestration.mail.envelope import Letter

GREYLISTED = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60))
NO_DELAY = timedelta(0)


@dataclass(frozen=True)
class Parcel:
    """What the mail server is to be given; `tries` is how often it was offered before."""

    id: int
    sender: str
    address: str
    message_id: str
    content: bytes = field(repr=False)
    tries: int

    @property
    def letter(self) -> Letter:
        """What the mail server hears of it."""
        return Letter(sender=self.sender, recipient=self.address, content=self.content)

    @property
    def rest(self) -> timedelta:
        """How long to wait after a temporary refusal, longer each time."""
        return GREYLISTED[min(self.tries, len(GREYLISTED) - 1)]
