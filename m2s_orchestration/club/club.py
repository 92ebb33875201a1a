"""The club: who is a member, what day it is there, what things are called, where its pages are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from m2s_orchestration.club.member import Member
from m2s_orchestration.errors import BadAddress
from m2s_orchestration.mail import addresses


@dataclass(frozen=True)
class Sender:
    """From whom the club's mail comes, and where an answer goes."""

    address: str
    reply_to: str | None

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True)
class Club:
    """The club at the moment of one read of its database."""

    name: str
    zone: ZoneInfo
    domain: str
    origin: str
    logo_url: str | None
    sender: Sender
    titles: Mapping[str, str]
    active_statuses: frozenset[str]
    members: Mapping[int, Member] = field(repr=False)
    mailing_list: str | None = None
    operators: str | None = None

    def date(self, moment: datetime) -> date:
        """The club's calendar date at a moment (aware)."""
        return moment.astimezone(self.zone).date()

    def url(self, path: str) -> str:
        """The absolute address of a page of the club's site."""
        return f"{self.origin}/{path.lstrip('/')}"

    def title(self, role: str) -> str:
        """What the club calls a duty role; the column's key in title case if it never said."""
        return self.titles.get(role) or role.replace("_", " ").title()

    def member(self, member_id: int) -> Member:
        """The member with that id. Foreign keys guarantee that there is one."""
        return self.members[member_id]

    def mail_fault(self, member: Member) -> str | None:
        """Why this person cannot be mailed, or None."""
        if member.membership_status not in self.active_statuses:
            return f"membership status {member.membership_status or 'blank'!r} is not active"
        try:
            addresses.check(member.email)
        except BadAddress as error:
            return str(error)
        return None

    def is_active(self, member: Member) -> bool:
        """Whether the person's membership status is one that the club calls active."""
        return member.membership_status in self.active_statuses
