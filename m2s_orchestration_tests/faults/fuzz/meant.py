"""What is known of a disturbed club: what was written into it, and what must have become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from m2s_orchestration_tests.faults.fuzz.club import MARK, Cell
from m2s_orchestration_tests.faults.fuzz.reader import CONTROLS, Letter
from m2s_orchestration_tests.smtp_script import Accepted

ORIGIN = "https://www.highmeadowsoaring.example"


@dataclass(frozen=True)
class Row:
    """A delivery of the ledger. `reader` is the recipient's key, `list` or `operators`."""

    reader: str
    variant: str
    state: str
    reason: str
    address: str
    message_id: str
    subject: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Outcome:
    """What one run came to, in a `word` and by its witnesses.

    `refusal` is the error that it ended with, if any; `untold` what nobody could be told; `tables`
    the files that it keeps; `verbs` what the mail server heard; `leases` who still holds one.
    """

    word: str = ""
    rows: tuple[Row, ...] = ()
    accepted: tuple[Accepted, ...] = field(default=(), repr=False)
    refusal: BaseException | None = None
    untold: tuple[str, ...] = ()
    tables: tuple[bytes, ...] = field(default=(), repr=False)
    verbs: frozenset[str] = frozenset()
    leases: tuple[str, ...] = ()


Letters = Mapping[tuple[str, str], Letter]


@dataclass(frozen=True)
class Known:
    """What a notification sends in the undisturbed club, and to whom else if many are mute.

    `is_shared_out` is whether somebody hears of more because somebody else is mute.
    """

    letters: Letters
    is_shared_out: bool
    others: frozenset[tuple[str, str]]
    elements: frozenset[str]
    attributes: frozenset[tuple[str, str, str]]
    styles: frozenset[str]
    paths: frozenset[str]


@dataclass(frozen=True)
class Disturbance:
    """What was written into the club: by cell what mails show of it, addresses, and hosts."""

    shown: Mapping[Cell, str]
    marks: Mapping[str, Cell]
    addresses: Mapping[str, str]
    hosts: frozenset[str]
    takes_utf8: bool
    has_logo: bool
    is_of_a_setting: bool
    diverted_to: str | None = None

    def in_mail(self, text: str, origin: str = ORIGIN) -> str:
        """What a text of the undisturbed club must have become."""
        new = MARK.sub(lambda mark: self._shown(mark[0]), text)
        return new.replace(ORIGIN, origin) if origin else new

    def _shown(self, mark: str) -> str:
        cell = self.marks.get(mark)
        return self.shown.get(cell, mark) if cell else mark

    def has_blank(self, text: str) -> bool:
        """Whether something that this text told is blank now, so that it is worded otherwise."""
        cells = [self.marks[mark] for mark in MARK.findall(text) if mark in self.marks]
        return any(not words(self.shown[cell]) for cell in cells if cell in self.shown)

    def shares(self, reader: str) -> bool:
        """Whether another member has the same address now."""
        mine = self.addresses.get(reader, "").strip().casefold()
        everybodys = [address.strip().casefold() for address in self.addresses.values()]
        return bool(mine) and everybodys.count(mine) > 1


def words(text: str) -> list[str]:
    """The words of a text as they are compared: line ends and controls are spaces."""
    return CONTROLS.sub(" ", text).split()
