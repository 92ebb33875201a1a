"""Decisions ready to be recorded, and what the ledger has of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import Plan, PlannedMail, PlannedNotice, Recorded
from m2s_orchestration.postgres import Connection, Statement

NOTIFICATION = "notify_something"
TICK = datetime(2026, 3, 2, 8, tzinfo=UTC)
NEXT_TICK = TICK + timedelta(days=1)
PERIOD = "2026-03-02"
STATES = ("planned", "retry", "sending", "sent", "failed", "unknown", "skipped", "expired")

_numbers = count(1)


def mail(address: str = "jane@example.org", **values: Any) -> PlannedMail:
    """A message to that address about the period."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "period": PERIOD,
        "recipient_key": f"address:{address}",
        "variant": "",
        "sender": "noreply@example.org",
        "message_id": f"<{number}@example.org>",
        "subject": "Something",
        "content": content(address, number),
        "content_digest": str(number),
    }
    return PlannedMail(address=address, **{**defaults, **values})


def content(address: str, number: int) -> bytes:
    """A small mail as it goes over the wire."""
    return (
        f"From: noreply@example.org\r\nTo: {address}\r\nSubject: Something\r\n"
        f"Message-ID: <{number}@example.org>\r\n\r\nDear {address},\r\n.\r\nSo long.\r\n"
    ).encode()


def plan(*mails: PlannedMail, **values: Any) -> Plan:
    """A decision about one period, of which everything may go for another hour."""
    defaults: dict[str, Any] = {"tick": TICK, "due_until": in_an_hour(), "periods": (PERIOD,)}
    return Plan(mails=mails, **{**defaults, **values})


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


def notice(text: str = "Read this", **values: Any) -> PlannedNotice:
    """A notice to member 1 without a token."""
    defaults: dict[str, Any] = {
        "member_id": 1,
        "period": PERIOD,
        "url": "/something/",
        "token": None,
        "count": 0,
    }
    return PlannedNotice(text=text, **{**defaults, **values})


def statement(text: str) -> Statement:
    """A change of club data, as a notification's file would have it."""
    return Statement(name="change", purpose="Change something.", text=text)


def record(connection: Connection, lease: Lease, *addresses: str) -> Recorded:
    """One message to each address, recorded as one occurrence."""
    return ledger.record(connection, lease, plan(*(mail(address) for address in addresses)))


def states(connection: Connection) -> dict[str, str]:
    """The state of each address's delivery."""
    return dict(
        connection.execute(
            "SELECT coalesce(address, recipient_key), state FROM m2s_orchestration.delivery"
            " ORDER BY id"
        ).fetchall()
    )


def column(connection: Connection, name: str, address: str = "jane@example.org") -> Any:
    """One value of the delivery to an address."""
    row = connection.execute(
        f"SELECT {name} FROM m2s_orchestration.delivery WHERE address = %s", (address,)
    ).fetchone()
    assert row is not None
    return row[0]


def attempts(connection: Connection, address: str = "jane@example.org") -> list[str]:
    """What was tried with the delivery to an address, oldest first."""
    rows = connection.execute(
        "SELECT attempt.state FROM m2s_orchestration.attempt"
        " JOIN m2s_orchestration.delivery ON delivery.id = delivery_id"
        " WHERE address = %s ORDER BY attempt.id",
        (address,),
    )
    return [state for (state,) in rows]


def force_state(connection: Connection, state: str, address: str = "jane@example.org") -> None:
    """Put a delivery into a state by the lawful ways, as a holder called `gone`."""
    for step in WAYS[state]:
        connection.execute(
            "UPDATE m2s_orchestration.delivery SET state = %(step)s, owner = 'gone',"
            " claimed_at = CASE WHEN %(step)s = 'sending' THEN clock_timestamp()"
            " ELSE claimed_at END,"
            " sent_at = CASE WHEN %(step)s = 'sent' THEN clock_timestamp() END"
            " WHERE address = %(address)s",
            {"step": step, "address": address},
        )


WAYS = {
    "planned": (),
    "retry": ("retry",),
    "sending": ("sending",),
    "sent": ("sending", "sent"),
    "failed": ("failed",),
    "unknown": ("sending", "unknown"),
    "expired": ("expired",),
}


def age(connection: Connection, interval: str) -> None:
    """Let everything have happened to every delivery so much earlier."""
    connection.execute("SET session_replication_role = replica")
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET changed_at = changed_at - %(age)s::interval,"
        " claimed_at = claimed_at - %(age)s::interval",
        {"age": interval},
    )
    connection.execute("RESET session_replication_role")


def lose(connection: Connection) -> None:
    connection.execute("UPDATE cronjob_locks SET locked_by = 'somebody else'")


def occurrence_state(connection: Connection, tick: datetime = TICK) -> str:
    row = connection.execute(
        "SELECT state FROM m2s_orchestration.occurrence WHERE tick = %s", (tick,)
    ).fetchone()
    assert row is not None
    return str(row[0])


def count_of(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def let_time_run_out(connection: Connection) -> None:
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET due_until = now() - interval '1 second'"
    )
