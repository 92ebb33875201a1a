"""What the couriers of one round share: where mail goes, what is left to serve, how it went."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import IncompleteDelivery, OrchestrationError
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.postgres import Database


@dataclass
class Round:
    """How one round went: results by state, and the fault that ended it early, if any."""

    results: Counter[str] = field(default_factory=Counter)
    fault: OrchestrationError | None = None


@dataclass(frozen=True)
class Route:
    """Where mail goes: the server, and over how many connections at once."""

    server: MailServer
    connections: int


class Errand:
    """What the threads of one round share."""

    def __init__(
        self, database: Database, lease: Lease, route: Route, delivery_ids: Sequence[int]
    ) -> None:
        self.database = database
        self.lease = lease
        self.route = route
        self.stop = threading.Event()
        self.round = Round()
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._guard = threading.Lock()
        for delivery_id in delivery_ids:
            self._waiting.put(delivery_id)

    def count(self, state: str) -> None:
        """One more delivery came to this state."""
        with self._guard:
            self.round.results[state] += 1

    def next(self) -> int | None:
        """The next delivery to serve; None when there is none, or no time, or no leave."""
        if self.stop.is_set():
            return None
        try:
            delivery_id = self._waiting.get_nowait()
        except queue.Empty:
            return None
        if not self.lease.is_past_deadline:
            return delivery_id
        self.end(
            IncompleteDelivery(
                "The job's time was over before its mail was: another run sends the rest."
            )
        )
        return None

    def end(self, fault: OrchestrationError) -> None:
        """Stop the round: this fault concerns all the others too."""
        with self._guard:
            self.round.fault = self.round.fault or fault
        self.stop.set()
