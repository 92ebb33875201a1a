"""A person of the club, and how the club writes their name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A row of `members_member`, as far as mail is concerned."""

    id: int
    first_name: str
    middle_initial: str | None
    last_name: str
    name_suffix: str | None
    nickname: str | None
    email: str
    membership_status: str | None

    @property
    def display_name(self) -> str:
        """As the web application writes it; a blank nickname counts as none.

        Somebody without any name is still somebody: what is told of them must not lack its subject.
        """
        first = (self.nickname or "").strip() or self.first_name
        name = f"{first} {self.middle_initial or ''} {self.last_name}".strip()
        name = " ".join(name.split()) or f"Member {self.id}"
        if (self.name_suffix or "").strip():
            name = f"{name}, {self.name_suffix}"
        if self.membership_status == "Deceased":
            name = f"{name}†"
        return " ".join(name.split())

    @property
    def sort_name(self) -> tuple[str, str, int]:
        """Orders people as a printed list does."""
        return self.last_name.casefold(), self.first_name.casefold(), self.id

    @property
    def greeting_name(self) -> str:
        """What a letter to this person begins with."""
        return " ".join(self.first_name.split()) or self.display_name
