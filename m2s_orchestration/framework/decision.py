"""What evaluate hands on: who must read what, and what changes with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from m2s_orchestration.club.member import Member
from m2s_orchestration.mail.addresses import normalise
from m2s_orchestration.mail.compose import Attachment


@dataclass(frozen=True)
class Recipient:
    """Whom a message is for. `key` is the same for ever, whatever happens to the address."""

    key: str
    name: str
    address: str

    @classmethod
    def of(cls, member: Member) -> Recipient:
        """A member, known by id."""
        return cls(key=cls.key_of(member.id), name=member.greeting_name, address=member.email)

    @staticmethod
    def key_of(member_id: int) -> str:
        """A member's key."""
        return f"member:{member_id}"

    @classmethod
    def at(cls, address: str, name: str) -> Recipient:
        """Whoever reads a list's or an office's address."""
        return cls(key=f"address:{normalise(address)}", name=name, address=address)


@dataclass(frozen=True)
class Message:
    """One mail to one recipient about one period.

    `facts` is what the templates read. `template` names the pair of files beside the notification.
    A message with `only_if` is recorded only if the change of that key took effect.
    """

    recipient: Recipient
    period: str
    facts: object
    variant: str = ""
    template: str = "email"
    attachments: tuple[Attachment, ...] = ()
    only_if: str | None = None


@dataclass(frozen=True)
class Notice:
    """A row for the club's in-app notifications.

    With a `token` the person keeps one open row whose text contains it, refreshed when `count`
    changes; without one, a row is added once per period.
    """

    member_id: int
    period: str
    text: str
    url: str
    token: str | None = None
    count: int = 0


@dataclass(frozen=True)
class Change:
    """A conditional change of club data: a statement of the notification's `changes.sql`.

    It took effect if the statement returns a row.
    """

    key: str
    statement: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PassedOver:
    """Somebody who should be told and cannot be, with the reason; `only_if` as in Message."""

    recipient: Recipient
    period: str
    reason: str
    variant: str = ""
    only_if: str | None = None


@dataclass(frozen=True)
class Untold:
    """Something that nobody can be told; the operators hear of it. `only_if` as in Message."""

    item: str
    reason: str
    only_if: str | None = None


@dataclass(frozen=True)
class Artifact:
    """A file that the run keeps."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True)
class Decision:
    """Everything that one occurrence leads to. `found` counts what was looked at."""

    messages: tuple[Message, ...] = ()
    notices: tuple[Notice, ...] = ()
    changes: tuple[Change, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    untold: tuple[Untold, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)

    @property
    def periods(self) -> tuple[str, ...]:
        """What the decision is about, in order."""
        told: tuple[Message | Notice | PassedOver, ...] = (
            *self.messages,
            *self.notices,
            *self.passed_over,
        )
        return tuple(sorted({item.period for item in told}))

    def with_messages(self, *messages: Message) -> Decision:
        """The same decision with more messages."""
        return replace(self, messages=(*self.messages, *messages))
