"""One hand of the courier: it serves one message after the other, so that each leaves once.

Each message goes out up to its last byte; then one statement claims it in the name of the lease;
then the final dot. A server must drop a message whose dot never came, so whoever dies before the
claim has sent nothing and the row says so. With the dot goes out the beginning of the next message.
"""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg

from m2s_orchestration.delivery.errand import Errand
from m2s_orchestration.delivery.ledger import SQL
from m2s_orchestration.delivery.parcel import NO_DELAY, Parcel
from m2s_orchestration.errors import (
    DatabaseUnreachable,
    MailFault,
    MessageDeferred,
    MessageRefused,
    OrchestrationError,
    OutcomeUnknown,
    ServerUnavailable,
)
from m2s_orchestration.mail.replies import NO_ROOM
from m2s_orchestration.mail.smtp import Conversation
from m2s_orchestration.postgres import first_line, translated

RECONNECT_AFTER = (1.0, 4.0)  # seconds
CLAIM_AGAIN_AFTER: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds
TESTIFY_AGAIN_AFTER: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds
CLAIM_WITHIN = 30.0  # seconds, but never without asking a second time
# The statement `claim` requires the lease for so long: within it nobody else can take it.
CLAIM_HOLDS_FOR = 2.0  # seconds
MESSAGES_PER_CONNECTION = 100


class Hand:
    """One connection to the ledger and one to the mail server, serving one message at a time."""

    def __init__(self, errand: Errand) -> None:
        self._errand = errand
        self._purpose = f"courier {errand.lease.notification}"
        with translated():
            self._ledger = errand.database.open(self._purpose)
        self._conversation: Conversation | None = None
        self._following: Parcel | None = None
        self._looks_ahead = True
        self._identity = {**errand.lease.identity, "is_forced": errand.lease.is_forced}

    def next_delivery(self) -> int | None:
        """What to serve next; None when the work of this hand is over."""
        return self._errand.take(
            # Whoever has nothing to do holds no connection that another may be waiting for.
            before_waiting=self.hang_up,
            reserved=self._following.id if self._following else None,
        )

    def serve(self, delivery_id: int) -> None:
        """Bring one delivery as far as it goes now.

        Raises ServerUnavailable when there is no connection over which it could go.
        """
        parcel, self._following = self._following or self._load(delivery_id), None
        if parcel is None:
            return
        try:
            conversation = self._offer(parcel)
        except (MessageDeferred, MessageRefused, ServerUnavailable) as answer:
            self._record_refusal(parcel, answer)
            return
        if conversation is not None:
            self._look_ahead(conversation)
            if self._errand.stop.is_set():
                self._withdraw()
            elif self._claim(parcel):
                self._finish(parcel, conversation)

    def close(self) -> None:
        """End both connections."""
        self.hang_up()
        self._ledger.close()

    def hang_up(self) -> None:
        """End the connection to the mail server; the next message makes a new one."""
        if self._conversation:
            self._conversation.close()
        self._conversation = None

    def _load(self, delivery_id: int) -> Parcel | None:
        with translated():
            return next(iter(SQL["load"].fetch(self._ledger, Parcel, id=delivery_id)), None)

    def _look_ahead(self, conversation: Conversation) -> None:
        """Let another message begin with the end of this one, over a connection that takes it."""
        is_last = conversation.served + 1 >= MESSAGES_PER_CONNECTION
        may_follow = self._looks_ahead and conversation.lets_one_follow and not is_last
        delivery_id = self._errand.reserve() if may_follow else None
        if delivery_id is None:
            return
        # What is wrong with the ledger, or with that delivery, is told when its turn comes.
        with contextlib.suppress(OrchestrationError):
            self._following = self._load(delivery_id)
        if self._following:
            conversation.follow_with(self._following.letter)
        else:
            self._errand.put_back(delivery_id)

    def _offer(self, parcel: Parcel) -> Conversation | None:
        """Everything but the final dot. None when the round was stopped meanwhile.

        Raises ServerUnavailable when the server left every time, which ends the work of this hand
        where it happened before the message was begun (see `_record_refusal`).
        """
        # A connection that has served may be at its end, as the server counts: no reason to wait.
        at_once = (0.0,) if self._has_served else ()
        for pause in (*at_once, *RECONNECT_AFTER, None):
            try:
                conversation = self._connected()
                conversation.offer(parcel.letter)
            except (ServerUnavailable, MessageDeferred) as fault:
                if pause is None or not self._may_another_do(fault):
                    raise
                self.hang_up()
                # A server that left without a word may not bear to hear what comes with a dot.
                self._looks_ahead = self._looks_ahead and fault.code is not None
                if self._errand.stop.wait(pause):
                    return None
            else:
                return conversation
        return None

    @property
    def _has_served(self) -> bool:
        connection = self._conversation
        return connection is not None and connection.is_open and connection.served > 0

    def _may_another_do(self, fault: MailFault) -> bool:
        """Whether the message may go over another connection than the one that met this fault."""
        return isinstance(fault, ServerUnavailable) or (fault.code == NO_ROOM and self._has_served)

    def _connected(self) -> Conversation:
        if self._conversation and self._conversation.served >= MESSAGES_PER_CONNECTION:
            self.hang_up()
        if self._conversation is None or not self._conversation.is_open:
            self._conversation = Conversation.open(self._errand.route.server)
        return self._conversation

    def _withdraw(self) -> None:
        if self._conversation:
            self._conversation.withdraw()
        self._conversation = None

    def _claim(self, parcel: Parcel) -> bool:
        """Whether the message is ours to finish; if not, it is withdrawn.

        Raises LeaseLost or DatabaseFault when that concerns every other message too.
        """
        try:
            claimed = self._ask_to_claim(parcel)
        except BaseException:
            self._withdraw()
            with contextlib.suppress(psycopg.Error):
                self._take_back(parcel)
            raise
        if not claimed:
            self._withdraw()
            with translated():
                self._take_back(parcel)
                self._errand.lease.fence(self._ledger)
        return claimed

    def _ask_to_claim(self, parcel: Parcel) -> bool:
        """Claim, and ask again where the answer is lost or comes late, still before the dot.

        A late one says nothing of now: others may have taken the lease over meanwhile, and settled
        what they found.
        """
        gives_up_at = time.monotonic() + CLAIM_WITHIN
        for asked, pause in enumerate((*CLAIM_AGAIN_AFTER, None)):
            try:
                if self._ledger.closed:
                    self._reconnect_ledger()
                # If an earlier claim took hold this one finds nothing, and the row bears our name.
                for statement in ("claim", "is_claimed"):
                    asked_at = time.monotonic()
                    claimed = self._takes_hold(statement, parcel)
                    if claimed and time.monotonic() < asked_at + CLAIM_HOLDS_FOR:
                        return True
                if not claimed:
                    return False
            except psycopg.OperationalError as error:
                if pause is None or (asked and time.monotonic() > gives_up_at):
                    raise self._in_vain(parcel, error) from None
                threading.Event().wait(pause)
        return False

    def _in_vain(self, parcel: Parcel, error: psycopg.OperationalError) -> Exception:
        """The server's own words, or what it means that there are none."""
        if not self._ledger.closed:
            return error
        return DatabaseUnreachable(
            f"The ledger is away and did not say whether delivery {parcel.id} may go"
            f" ({first_line(error)}). It was not sent; should it become unknown, settle it as retry"
            " with `m2s deliveries settle`."
        )

    def _take_back(self, parcel: Parcel) -> None:
        """A claim may have taken hold, but the dot did not go out: only we know it."""
        SQL["testify"].run(
            self._ledger,
            **self._identity,
            id=parcel.id,
            state="retry",
            reason="withdrawn before the final dot: the claim was not confirmed in time",
            code=None,
            text="withdrawn before the final dot",
            delay=NO_DELAY,
        )

    def _takes_hold(self, statement: str, parcel: Parcel) -> bool:
        return SQL[statement].first(self._ledger, **self._identity, id=parcel.id) is not None

    def _reconnect_ledger(self) -> None:
        self._ledger.close()
        self._ledger = self._errand.database.open(self._purpose)

    def _finish(self, parcel: Parcel, conversation: Conversation) -> None:
        """The final dot, and what the server answers."""
        try:
            text = conversation.finish()
        except OutcomeUnknown as silence:
            self._withdraw()
            self._testify(parcel, "unknown", silence)
        except (MessageDeferred, MessageRefused) as answer:
            self._testify(parcel, _state_after(answer), answer)
        else:
            self._testify(parcel, "sent", None, text=text)

    def _testify(
        self, parcel: Parcel, state: str, answer: MailFault | None, *, text: str = ""
    ) -> None:
        """Record the answer, again and again if the ledger is away: only we know it."""
        values = {
            **self._identity,
            "id": parcel.id,
            "state": state,
            "reason": str(answer) if answer else "",
            "code": answer.code if answer else 250,
            "text": answer.text if answer else text,
            "delay": parcel.rest if state == "retry" else NO_DELAY,
        }
        for pause in (*TESTIFY_AGAIN_AFTER, None):
            try:
                if self._ledger.closed:
                    self._reconnect_ledger()
                SQL["testify"].run(self._ledger, **values)
            except psycopg.Error as error:
                # Whatever the server says, a new connection may reach one that can record it.
                self._ledger.close()
                if pause is None:
                    raise DatabaseUnreachable(
                        f"The ledger could not be told that delivery {parcel.id} is {state}"
                        f" ({first_line(error)}): it will be listed as unknown, and somebody has to"
                        " settle it."
                    ) from error
                threading.Event().wait(pause)
            else:
                self._errand.count(state)
                return

    def _record_refusal(
        self, parcel: Parcel, answer: MessageDeferred | MessageRefused | ServerUnavailable
    ) -> None:
        if isinstance(answer, ServerUnavailable) and not answer.is_about_the_message:
            raise answer
        state = _state_after(answer)
        with translated():
            recorded = SQL["refuse"].first(
                self._ledger,
                **self._identity,
                id=parcel.id,
                state=state,
                reason=str(answer),
                code=answer.code,
                text=answer.text,
                delay=parcel.rest if state == "retry" else NO_DELAY,
            )
            if recorded is None:
                self._errand.lease.fence(self._ledger)
                return
        self._errand.count(state)


def _state_after(answer: MailFault) -> str:
    return "failed" if isinstance(answer, MessageRefused) else "retry"
