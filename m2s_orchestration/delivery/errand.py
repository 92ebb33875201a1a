"""What the couriers of one round share: where mail goes, what is left to serve, how it went."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import IncompleteDelivery, OrchestrationError, ServerUnavailable
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
    """What the hands of one round share.

    A hand takes one delivery after the other, and lays each down or gives it back before the next;
    but the one that follows it may reserve, to begin it with the end of the one in hand.
    """

    def __init__(
        self, database: Database, lease: Lease, route: Route, delivery_ids: Sequence[int]
    ) -> None:
        self.database = database
        self.lease = lease
        self.route = route
        self.hands = min(route.connections, len(delivery_ids))
        self.stop = threading.Event()
        self.round = Round()
        self._waiting = deque(delivery_ids)
        self._in_hand = 0
        self._at_work = self.hands
        self._turn = threading.Condition()

    def count(self, state: str) -> None:
        """One more delivery came to this state."""
        with self._turn:
            self.round.results[state] += 1

    def take(
        self, *, before_waiting: Callable[[], None], reserved: int | None = None
    ) -> int | None:
        """The next delivery to serve; None when there is none, or no time, or no leave.

        While others have deliveries in hand that they may give back, this waits.
        """
        delivery_id = self._next_in_line(before_waiting) if reserved is None else reserved
        if delivery_id is None or self.stop.is_set():
            return None
        if not self.lease.is_past_deadline:
            return delivery_id
        self.end(
            IncompleteDelivery(
                "The job's time was over before its mail was: another run sends the rest."
            )
        )
        return None

    def reserve(self) -> int | None:
        """The delivery to serve after the one in hand, if there is any now. Does not wait."""
        with self._turn:
            if self.stop.is_set() or not self._waiting:
                return None
            self._in_hand += 1
            return self._waiting.popleft()

    def put_back(self, delivery_id: int) -> None:
        """What was reserved comes first again, for whoever takes next."""
        with self._turn:
            self._waiting.appendleft(delivery_id)
            self._in_hand -= 1
            self._turn.notify_all()

    def lay_down(self) -> None:
        """The delivery that was taken came as far as it goes now."""
        with self._turn:
            self._in_hand -= 1
            self._turn.notify_all()

    def give_back(self, delivery_id: int, fault: ServerUnavailable) -> None:
        """The hand that took this delivery has no connection, and leaves the round to the others.

        If there are no others, its fault ends the round. The delivery comes last now: should it
        be what the server cannot bear, the others are served before it.
        """
        with self._turn:
            self._waiting.append(delivery_id)
            self._in_hand -= 1
            self._at_work -= 1
            is_last = not self._at_work
            self._turn.notify_all()
        if is_last:
            self.end(fault)

    def end(self, fault: OrchestrationError) -> None:
        """Stop the round: this fault concerns all the others too."""
        with self._turn:
            self.round.fault = self.round.fault or fault
        self.halt()

    def halt(self) -> None:
        """Let each hand finish what it cannot leave, and begin nothing more."""
        self.stop.set()
        with self._turn:
            self._turn.notify_all()

    def _next_in_line(self, before_waiting: Callable[[], None]) -> int | None:
        if self._others_may_give_back():
            before_waiting()
        with self._turn:
            self._turn.wait_for(lambda: self.stop.is_set() or self._waiting or not self._in_hand)
            if self.stop.is_set() or not self._waiting:
                return None
            self._in_hand += 1
            return self._waiting.popleft()

    def _others_may_give_back(self) -> bool:
        with self._turn:
            return not self._waiting and self._in_hand > 0 and not self.stop.is_set()
