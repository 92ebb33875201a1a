"""A mail server in memory, which knows what it took, and the conversations that runs have with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from m2s_orchestration.errors import (
    MailFault,
    MessageDeferred,
    MessageRefused,
    OutcomeUnknown,
    ServerUnavailable,
)
from m2s_orchestration.mail.replies import fault
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration_tests.faults.machine_puppet import Puppet, current

OFFER, DOT = "offer", "dot"
Took = Callable[[Puppet, str], None]


def _before_the_dot(struck: str) -> MailFault:
    match struck:
        case "4xx":
            return fault(MessageDeferred, stage="recipient", code=450)
        case "5xx":
            return fault(MessageRefused, stage="recipient", code=550)
        case "gone":
            return fault(ServerUnavailable, stage="body")
        case _:
            return fault(ServerUnavailable, stage="connect")


class Relay:
    """Takes mail; the place of `m2s_orchestration.mail.smtp.Conversation`, one for each run.

    At the dot it may take the message and answer (the usual), take it and be `silent`, lose it and
    be silent (`lost`), or answer 4xx or 5xx.
    """

    took: Took

    def __init__(self) -> None:
        self.served = 0
        self.is_open = True
        self._recipient = ""

    @classmethod
    def open(cls, server: MailServer) -> Self:
        return cls()

    def offer(self, *, sender: str, recipient: str, content: bytes) -> None:
        puppet = current()
        assert puppet
        if struck := puppet.pause(OFFER):
            raise _before_the_dot(struck)
        self._recipient = recipient

    def finish(self) -> str:
        puppet = current()
        assert puppet
        struck = puppet.pause(DOT)
        if struck in {"", "silent"}:
            type(self).took(puppet, self._recipient)
        match struck:
            case "silent" | "lost":
                raise fault(OutcomeUnknown, stage="dot")
            case "4xx":
                raise fault(MessageDeferred, stage="dot", code=451)
            case "5xx":
                raise fault(MessageRefused, stage="dot", code=554)
        return "taken"

    def withdraw(self) -> None:
        self.is_open = False

    def close(self) -> None:
        self.is_open = False
