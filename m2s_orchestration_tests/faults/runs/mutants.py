"""Runs that keep one rule less, to see that the laboratory finds it out.

Each is put in place in the process of a run, before it begins.
"""

from __future__ import annotations

from dataclasses import replace

from m2s_orchestration.delivery import hand, ledger
from m2s_orchestration.delivery.errand import Errand
from m2s_orchestration.delivery.hand import Hand
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.parcel import Parcel
from m2s_orchestration.mail.smtp import Conversation


def sweep_sends_again() -> None:
    """What a vanished holder had in hand is offered again instead of being in doubt."""
    _put_statement("sweep", "'unknown'", "'retry'")


def record_after_send() -> None:
    """The message goes out before it is claimed."""
    claim = Hand._claim

    def finish_first(self: Hand, parcel: Parcel, conversation: Conversation) -> None:
        text = conversation.finish()
        if claim(self, parcel):
            self._testify(parcel, "sent", None, text=text)

    _put(Hand, "_claim", lambda self, parcel: True)
    _put(Hand, "_finish", finish_first)


def keep_the_lease() -> None:
    """A run that ends does not give its lease back."""
    _put(Lease, "release", lambda self: None)


def serve_in_spite_of_a_stop() -> None:
    """A round that is told to stop serves what is left all the same."""
    init = Errand.__init__

    def deaf(self: Errand, *arguments: object) -> None:
        init(self, *arguments)  # type: ignore[arg-type]
        self.stop.set = lambda: None  # type: ignore[method-assign]

    _put(Errand, "__init__", deaf)


def record_without_a_fence() -> None:
    """Nobody asks whether the lease is still held."""
    _put(Lease, "fence", lambda self, connection: None)
    _put_statement("claim", "(%(is_forced)s OR", "(true OR %(is_forced)s OR")


def _put_statement(name: str, words: str, instead: str) -> None:
    statement = ledger.SQL[name]
    assert words in statement.text
    mutant = {**ledger.SQL, name: replace(statement, text=statement.text.replace(words, instead))}
    for module in (ledger, hand):
        _put(module, "SQL", mutant)


def _put(place: object, name: str, mutant: object) -> None:
    setattr(place, name, mutant)
