from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import PlannedSkip
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.delivery.plans import (
    NEXT_TICK,
    PERIOD,
    STATES,
    column,
    force_state,
    mail,
    plan,
    record,
    states,
)

LAWFUL = {
    "planned": {"sending", "retry", "failed", "expired"},
    "retry": {"sending", "failed", "expired"},
    "sending": {"sent", "retry", "failed", "unknown"},
    "sent": set[str](),
    "failed": {"retry"},
    "unknown": {"sent", "retry", "failed"},
    "skipped": set[str](),
    "expired": {"retry"},
}


NEEDS_A_SIGNATURE = {"failed", "expired"}


def test_the_key_is_unique_whoever_inserts(connection: Connection, lease: Lease) -> None:
    record(connection, lease, "jane@example.org")

    with pytest.raises(psycopg.errors.UniqueViolation, match="delivery_once"):
        connection.execute(
            "INSERT INTO m2s_orchestration.delivery (occurrence_id, notification, period,"
            " recipient_key, state, reason, due_until)"
            " SELECT occurrence_id, notification, period, recipient_key, 'skipped', 'x', now()"
            " FROM m2s_orchestration.delivery"
        )


@pytest.mark.parametrize("old", STATES)
def test_the_database_allows_only_the_lawful_moves(
    old: str, connection: Connection, lease: Lease
) -> None:
    _one_in(connection, lease, old)

    for new in set(STATES) - {old}:
        is_lawful = new in LAWFUL[old]
        assert _can_move(connection, new, signed=True) is is_lawful, f"{old} → {new}, signed"
        assert _can_move(connection, new, signed=False) is (
            is_lawful and old not in NEEDS_A_SIGNATURE
        ), f"{old} → {new}, not signed"


def _one_in(connection: Connection, lease: Lease, state: str) -> None:
    if state == "skipped":
        skip = PlannedSkip(PERIOD, "member:7", "", "has no address")
        ledger.record(connection, lease, plan(skips=(skip,)))
    else:
        record(connection, lease, "jane@example.org")
        force_state(connection, state)


def _can_move(connection: Connection, new: str, *, signed: bool, owner: str = "gone") -> bool:
    """Whether that move passes; it is undone."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET state = %(new)s, owner = %(owner)s,"
                " reason = 'x',"
                " sent_at = CASE WHEN %(new)s = 'sent' THEN now() END,"
                " settled_by = %(person)s, settled_reason = %(person)s",
                {"new": new, "owner": owner, "person": "Jane" if signed else None},
            )
    except psycopg.errors.CheckViolation:
        return False
    return True


@pytest.mark.parametrize("new", ["sent", "retry", "failed"])
def test_what_is_in_doubt_is_settled_by_its_sender_or_by_name(
    new: str, connection: Connection, lease: Lease
) -> None:
    _one_in(connection, lease, "unknown")

    assert _can_move(connection, new, signed=False, owner="gone")
    assert not _can_move(connection, new, signed=False, owner="somebody else")
    assert _can_move(connection, new, signed=True, owner="somebody else")


def test_a_message_that_is_being_sent_cannot_change_hands(
    connection: Connection, lease: Lease
) -> None:
    _one_in(connection, lease, "sending")

    for state in ("sending", "sent", "retry", "failed", "unknown"):
        assert not _can_move(connection, state, signed=True, owner="somebody else")


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_only_the_senders_word_counts(state: str, connection: Connection, lease: Lease) -> None:
    _one_in(connection, lease, state)
    values = {"id": column(connection, "id"), "run_id": "aaaa", "state": "sent", "reason": ""}
    values |= {"code": 250, "text": "taken", "delay": timedelta(0)}

    assert ledger.SQL["testify"].run(connection, owner="somebody else", **values) == []
    assert states(connection) == {"jane@example.org": state}
    assert ledger.SQL["testify"].run(connection, owner="gone", **values) != []
    assert states(connection) == {"jane@example.org": "sent"}
    assert ledger.SQL["testify"].run(connection, owner="gone", **values) == []


@pytest.mark.parametrize("state", sorted(set(STATES) - {"planned", "skipped"}))
def test_a_delivery_begins_as_planned_or_skipped(
    state: str, connection: Connection, lease: Lease
) -> None:
    record(connection, lease, "jane@example.org")

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO m2s_orchestration.delivery (occurrence_id, notification, period,"
            " recipient_key, sender, address, message_id, content, owner, sent_at, state,"
            " due_until) SELECT occurrence_id, notification, 'another', recipient_key, sender,"
            " address, 'x', content, 'x', CASE WHEN %(state)s = 'sent' THEN now() END, %(state)s,"
            " due_until FROM m2s_orchestration.delivery",
            {"state": state},
        )


@pytest.mark.parametrize(
    "change",
    [
        "content = 'other'",
        "address = 'other@example.org'",
        "sender = 'other@example.org'",
        "message_id = 'other'",
        "content_digest = 'other'",
        "notification = 'other'",
        "period = 'other'",
        "recipient_key = 'other'",
        "variant = 'other'",
        "channel = 'other'",
        "content = NULL",
    ],
)
def test_what_an_open_delivery_says_and_to_whom_is_fixed(
    change: str, connection: Connection, lease: Lease
) -> None:
    record(connection, lease, "jane@example.org")

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"UPDATE m2s_orchestration.delivery SET {change}")


@pytest.mark.parametrize(
    "change",
    [
        "settled_by = 'Jane'",
        "settled_by = 'Jane', settled_reason = ''",
        "sent_at = now()",
        "resends = 2",
    ],
)
def test_half_a_statement_is_none(change: str, connection: Connection, lease: Lease) -> None:
    record(connection, lease, "jane@example.org")

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"UPDATE m2s_orchestration.delivery SET {change}")


def test_who_was_skipped_is_told_at_the_next_occurrence_that_can(
    connection: Connection, lease: Lease
) -> None:
    skip = PlannedSkip(PERIOD, "address:jane@example.org", "", "has no address")
    ledger.record(connection, lease, plan(skips=(skip,)))

    told = ledger.record(connection, lease, plan(mail("jane@example.org"), tick=NEXT_TICK))

    assert (told.planned, told.told_before) == (1, 0)
    assert states(connection) == {"jane@example.org": "planned"}
