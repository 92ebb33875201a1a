"""What really happened to each person's mail, and the promises held against the database's rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from m2s_orchestration_tests.faults.machine_puppet import Puppet
from m2s_orchestration_tests.faults.machine_wires import Rows, Values, Wire

LOOK = """
SELECT (SELECT coalesce(json_agg(json_build_array(id, recipient_key, state, coalesce(owner, ''))
                                 ORDER BY id), '[]')
        FROM m2s_orchestration.delivery),
       (SELECT coalesce(json_agg(json_build_array(tick, state) ORDER BY tick), '[]')
        FROM m2s_orchestration.occurrence),
       (SELECT json_build_array(locked_by, expires_at > clock_timestamp()) FROM cronjob_locks)
"""

Promise = Literal[
    "no duplicate", "no lie", "no needless doubt", "nothing stuck", "no act out of term"
]
SAYS_UNSENT = ("planned", "retry", "failed", "expired")


class Row(NamedTuple):
    """A delivery as the ledger has it."""

    id: int
    person: str
    state: str
    owner: str


class Holder(NamedTuple):
    """The row of `cronjob_locks`."""

    owner: str
    is_live: bool


class Look(NamedTuple):
    """What the database holds at a moment."""

    rows: tuple[Row, ...]
    occurrences: tuple[tuple[datetime, str], ...]
    holder: Holder | None

    @property
    def ledger(self) -> object:
        """What only a holder of the lease may change."""
        return {row.id: row.state for row in self.rows}, self.occurrences


@dataclass
class Truth:
    """What became of one person's mail. It has one chance, and one more whenever somebody says so.

    `taken` is how often the server took it in the present chance; `has_cause` says that somebody
    died, slept or got no answer over it; `said` is what a person said of how it ended.
    """

    taken: int = 0
    was_taken: bool = False
    chance: int = 0
    has_cause: bool = False
    said: str = ""
    policy_spoke: bool = False

    def another_chance(self) -> None:
        self.chance += 1
        self.taken = 0
        self.has_cause = False
        self.said = ""


@dataclass
class Books:
    """Kept beside the database by an observer whom no run can ask."""

    wire: Wire
    truths: dict[str, Truth] = field(default_factory=dict)
    chances: dict[tuple[Puppet, str], int] = field(default_factory=dict)
    owners: dict[Puppet, str] = field(default_factory=dict)
    forced: set[str] = field(default_factory=set)
    now: Look = Look((), (), None)

    def look(self) -> Look:
        """What the database holds now."""
        found = self.wire.execute(LOOK).fetchone()
        assert found
        rows, occurrences, holder = found
        self.now = Look(
            rows=tuple(Row(*row) for row in rows),
            occurrences=tuple((datetime.fromisoformat(tick), state) for tick, state in occurrences),
            holder=Holder(*holder) if holder else None,
        )
        return self.now

    def truth(self, person: str) -> Truth:
        return self.truths.setdefault(person, Truth())

    def person(self, delivery_id: int) -> str:
        return next(row.person for row in self.now.rows if row.id == delivery_id)

    def took(self, puppet: Puppet, address: str) -> None:
        """The relay took a message."""
        person = address.partition("@")[0]
        truth = self.truth(person)
        truth.was_taken = True
        if self.chances.get((puppet, person), truth.chance) == truth.chance:
            truth.taken += 1

    def heard(self, puppet: Puppet, name: str, values: Values, rows: Rows) -> None:
        """A run's statement went through, and this came back."""
        match name:
            case "acquire":
                self.owners[puppet] = values["owner"]
            case "claim" | "is_claimed" if rows:
                self.claimed(puppet, values, is_new=name == "claim")
            case "testify":
                self.blame(puppet, values["id"], has_cause=values["state"] == "unknown")
            case "resend_in_doubt":
                self.policy_spoke(delivery_id for (delivery_id,) in rows)
            case "reopen_expired":
                for (delivery_id,) in rows:
                    self.truth(self.person(delivery_id)).another_chance()

    def claimed(self, puppet: Puppet, values: Values, *, is_new: bool) -> None:
        """A message is its to send, in the chance that the message has now."""
        person = self.person(values["id"])
        truth = self.truth(person)
        self.chances[puppet, person] = truth.chance
        if is_new:
            truth.has_cause = bool(values["is_forced"])

    def blame(self, puppet: Puppet, delivery_id: int, *, has_cause: bool) -> None:
        """Whether the message may be doubted, now that its sender knows more."""
        person = self.person(delivery_id)
        truth = self.truth(person)
        if self.chances.get((puppet, person)) == truth.chance:
            truth.has_cause = has_cause

    def blame_owner(self, owner: str) -> None:
        """Whatever this owner is sending may rightly be doubted."""
        for row in self.now.rows:
            if row.state == "sending" and row.owner == owner:
                self.truth(row.person).has_cause = True

    def policy_spoke(self, delivery_ids: Iterable[int]) -> None:
        """The declared policy gives a message in doubt one more chance, once."""
        for delivery_id in delivery_ids:
            truth = self.truth(self.person(delivery_id))
            if not truth.policy_spoke:
                truth.policy_spoke = True
                truth.another_chance()


def no_duplicate(books: Books) -> str | None:
    """The server takes no message twice, unless a person or the declared policy said so."""
    return next(
        (
            f"{person} has the mail {truth.taken} times"
            for person, truth in books.truths.items()
            if truth.taken > 1
        ),
        None,
    )


def no_lie(books: Books) -> str | None:
    """`sent` was taken, and what is said to be unsent was not; unless a person said so."""
    for row in books.now.rows:
        truth = books.truth(row.person)
        if truth.said == row.state:
            continue
        if row.state == "sent" and not truth.was_taken:
            return f"the ledger says that {row.person}'s mail is sent, and it was never taken"
        if row.state in SAYS_UNSENT and truth.taken:
            return f"the ledger says that {row.person}'s mail is {row.state}, and it was taken"
    return None


def no_needless_doubt(books: Books) -> str | None:
    """A delivery is in doubt only where its sender died, slept, was forced or got no answer."""
    for row in books.now.rows:
        if row.state == "unknown" and not books.truth(row.person).has_cause:
            return f"{row.person}'s mail is in doubt although nothing happened to its sender"
    return None


PROMISES: dict[Promise, Callable[[Books], str | None]] = {
    "no duplicate": no_duplicate,
    "no lie": no_lie,
    "no needless doubt": no_needless_doubt,
}
STUCK: Promise = "nothing stuck"
OUT_OF_TERM: Promise = "no act out of term"
NAMES: tuple[Promise, ...] = (*PROMISES, STUCK, OUT_OF_TERM)
