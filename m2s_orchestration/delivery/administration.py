"""What a person may look at and settle in the ledger."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from m2s_orchestration.errors import UnlawfulSettlement
from m2s_orchestration.mail.compose import message_id
from m2s_orchestration.postgres import Database, statements, translated

SQL = statements(__package__, "administration.sql")

Settlement = Literal["sent", "failed", "retry"]
# A message that a person sets to go out again is in time for so long.
RETRY_WITHIN = timedelta(hours=24)
CONTENTS_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Delivery:
    """A row of the ledger."""

    id: int
    notification: str
    period: str
    recipient_key: str
    variant: str
    address: str | None
    state: str
    reason: str
    tries: int
    reply_code: int | None
    reply_text: str | None
    message_id: str | None
    subject: str | None
    sent_at: datetime | None
    changed_at: datetime
    tick: datetime


@dataclass(frozen=True)
class FullDelivery(Delivery):
    """A row of the ledger with everything in it."""

    content: bytes | None = field(repr=False)
    settled_by: str | None
    settled_reason: str | None
    not_before: datetime | None
    due_until: datetime


@dataclass(frozen=True)
class Attempt:
    """What was tried with a delivery, and what came of it."""

    at: datetime
    state: str
    owner: str | None
    code: int | None
    text: str | None


def deliveries(
    database: Database, *, notification: str | None, state: str | None, limit: int
) -> list[Delivery]:
    """The newest deliveries, of one notification and in one state if these are given."""
    with database.connect("deliveries") as connection, translated():
        return SQL["list"].fetch(
            connection, Delivery, notification=notification, state=state, limit=limit
        )


def of_occurrence(database: Database, occurrence_id: int, *, limit: int) -> list[Delivery]:
    """The deliveries of an occurrence, as they were recorded."""
    with database.connect("deliveries") as connection, translated():
        return SQL["of_occurrence"].fetch(connection, Delivery, id=occurrence_id, limit=limit)


def delivery(database: Database, delivery_id: int) -> tuple[FullDelivery, list[Attempt]]:
    """One delivery and its attempts. Raises UnlawfulSettlement when there is none."""
    with database.connect("deliveries") as connection, translated():
        found = SQL["show"].fetch(connection, FullDelivery, id=delivery_id)
        if not found:
            raise UnlawfulSettlement(f"There is no delivery {delivery_id}: see `m2s deliveries`.")
        return found[0], SQL["attempts"].fetch(connection, Attempt, id=delivery_id)


def settle(
    database: Database, delivery_id: int, *, state: Settlement, person: str, reason: str
) -> None:
    """Record how a delivery ended, or that it is to be sent again, and who says so.

    An `unknown` one can be settled in any way, a `failed` or `expired` one only to `retry`.
    Raises UnlawfulSettlement.
    """
    if not reason.strip():
        raise UnlawfulSettlement("A settlement needs a reason: say how you know.")
    with database.connect("deliveries") as connection, translated():
        settled = SQL["settle"].first(
            connection,
            id=delivery_id,
            state=state,
            person=person,
            reason=reason.strip(),
            due_until=datetime.now(UTC) + RETRY_WITHIN,
        )
    if settled is None:
        was, _ = delivery(database, delivery_id)
        raise UnlawfulSettlement(
            f"Delivery {delivery_id} is {was.state} and cannot be settled as {state}: an unknown"
            " one can be settled as sent, failed or retry; a failed or expired one as retry, while"
            " its text is kept."
        )


@dataclass(frozen=True)
class Again:
    """The delivery by which a mail goes out again, and whose it is."""

    id: int
    notification: str
    tick: datetime


def resend(database: Database, delivery_id: int, *, person: str, reason: str) -> Again:
    """Have a mail sent again, on purpose, by the next run of its occurrence.

    What was sent goes out as another delivery, with the same text and a Message-ID of its own, so
    that no server on the way takes it for one that it has had. Raises UnlawfulSettlement.
    """
    was, _ = delivery(database, delivery_id)
    if was.state != "sent":
        if was.state == "unknown":
            raise UnlawfulSettlement(
                f"Delivery {delivery_id} is unknown and may have arrived: find out, and settle it"
                " first."
            )
        settle(database, delivery_id, state="retry", person=person, reason=reason)
        return Again(delivery_id, was.notification, was.tick)
    if not reason.strip():
        raise UnlawfulSettlement("Sending again needs a reason: say why.")
    values = _copied(was)
    with database.connect("deliveries") as connection, translated():
        row = SQL["send_again"].first(
            connection,
            **values,
            id=delivery_id,
            person=person,
            reason=reason.strip(),
            due_until=datetime.now(UTC) + RETRY_WITHIN,
        )
    if row is None:
        raise UnlawfulSettlement(f"Delivery {delivery_id} is being sent again already.")
    return Again(int(row[0]), was.notification, was.tick)


def _copied(was: FullDelivery) -> dict[str, object]:
    """What is another in the copy: its variant, its Message-ID, and so its bytes."""
    if was.content is None or was.message_id is None:
        raise UnlawfulSettlement(
            f"The text of delivery {was.id} is not kept: run its notification anew."
        )
    mark = secrets.token_hex(4)
    domain = was.message_id.rpartition("@")[2].rstrip(">")
    identity = message_id(key=(was.message_id, mark), content="", domain=domain)
    content = was.content.replace(was.message_id.encode(), identity.encode(), 1)
    return {
        "variant": f"{was.variant} again {mark}".strip(),
        "message_id": identity,
        "content": content,
        "content_digest": hashlib.sha256(content).hexdigest(),
    }


def drop_old_contents(database: Database) -> int:
    """Forget the text of what was settled long ago; returns of how many."""
    with database.connect("retention") as connection, translated():
        return len(SQL["drop_old_contents"].run(connection, kept=CONTENTS_KEPT))
