from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.administration import (
    Settlement,
    deliveries,
    delivery,
    drop_old_contents,
    settle,
)
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import PlannedSkip
from m2s_orchestration.errors import UnlawfulSettlement
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.plans import (
    NOTIFICATION,
    PERIOD,
    STATES,
    TICK,
    WAYS,
    age,
    column,
    force_state,
    mail,
    plan,
    record,
    states,
)

SETTLEMENTS: tuple[Settlement, ...] = ("sent", "failed", "retry")
LAWFUL = {
    "unknown": {"sent", "failed", "retry"},
    "failed": {"retry"},
    "expired": {"retry"},
}
NO_ADDRESS = PlannedSkip(PERIOD, "member:7", "", "has no address")


def only_delivery(connection: Connection) -> int:
    row = connection.execute("SELECT id FROM m2s_orchestration.delivery").fetchone()
    assert row is not None
    return int(row[0])


def put(connection: Connection, lease: Lease, state: str) -> int:
    """The id of an only delivery in that state."""
    if state == "skipped":
        ledger.record(connection, lease, plan(skips=(NO_ADDRESS,)))
    else:
        record(connection, lease, "jane@example.org")
        force_state(connection, state)
    return only_delivery(connection)


@pytest.mark.parametrize("state", STATES)
def test_what_is_settled_and_what_cannot_be(
    state: str, connection: Connection, database: Database, lease: Lease
) -> None:
    for settlement in SETTLEMENTS:
        connection.execute("DELETE FROM m2s_orchestration.attempt")
        connection.execute("DELETE FROM m2s_orchestration.delivery")
        connection.execute("DELETE FROM m2s_orchestration.occurrence")
        delivery_id = put(connection, lease, state)
        if settlement in LAWFUL.get(state, set()):
            settle(database, delivery_id, state=settlement, person="Jane", reason="she says so")
            found, attempts = delivery(database, delivery_id)
            assert (found.state, found.settled_by) == (settlement, "Jane")
            assert found.settled_reason == "she says so"
            assert [(one.state, one.owner, one.text) for one in attempts] == [
                (settlement, "Jane", "she says so")
            ]
        else:
            with pytest.raises(UnlawfulSettlement, match=f"{delivery_id} is {state}"):
                settle(database, delivery_id, state=settlement, person="Jane", reason="because")
            assert delivery(database, delivery_id)[0].state == state


def test_what_is_settled_as_sent_has_a_time(
    connection: Connection, database: Database, lease: Lease
) -> None:
    delivery_id = put(connection, lease, "unknown")

    settle(database, delivery_id, state="sent", person="Jane", reason="it is in the relay's log")

    found, _ = delivery(database, delivery_id)
    assert found.sent_at is not None
    assert datetime.now(UTC) - found.sent_at < timedelta(minutes=1)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_settlement_needs_a_reason(
    reason: str, connection: Connection, database: Database, lease: Lease
) -> None:
    delivery_id = put(connection, lease, "unknown")

    with pytest.raises(UnlawfulSettlement, match="reason"):
        settle(database, delivery_id, state="sent", person="Jane", reason=reason)

    assert states(connection) == {"jane@example.org": "unknown"}


def test_what_is_not_there_cannot_be_settled(database: Database) -> None:
    with pytest.raises(UnlawfulSettlement, match="no delivery 12345"):
        settle(database, 12345, state="sent", person="Jane", reason="because")


def test_what_is_to_go_again_is_offered_at_once_and_in_time(
    connection: Connection, database: Database, lease: Lease
) -> None:
    recorded = record(connection, lease, "jane@example.org")
    force_state(connection, "failed")
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET due_until = now() - interval '1 day',"
        " not_before = now() + interval '1 hour'"
    )
    assert ledger.close(connection, lease, recorded)

    settle(
        database, only_delivery(connection), state="retry", person="Jane", reason="mailbox is back"
    )

    assert ledger.unsent(connection, lease, recorded) == [only_delivery(connection)]
    unfinished = ledger.SQL["unfinished_ticks"].run(
        connection, notification=NOTIFICATION, within=timedelta(0), after=ledger.TESTIMONY
    )
    assert unfinished == [(TICK,)]


def test_what_has_longer_anyway_keeps_its_time(
    connection: Connection, database: Database, lease: Lease
) -> None:
    delivery_id = put(connection, lease, "unknown")
    far = datetime.now(UTC) + timedelta(days=9)
    connection.execute("UPDATE m2s_orchestration.delivery SET due_until = %s", (far,))

    settle(database, delivery_id, state="retry", person="Jane", reason="it never came")

    assert column(connection, "due_until") == far


def test_what_is_settled_as_ended_does_not_open_its_occurrence(
    connection: Connection, database: Database, lease: Lease
) -> None:
    recorded = record(connection, lease, "jane@example.org")
    force_state(connection, "unknown")
    ledger.close(connection, lease, recorded)

    settle(database, only_delivery(connection), state="failed", person="Jane", reason="lost")

    row = connection.execute("SELECT state FROM m2s_orchestration.occurrence").fetchone()
    assert row == ("done",)


def test_the_first_senders_word_still_counts_after_the_sweep_but_not_after_a_person(
    connection: Connection, database: Database, lease: Lease
) -> None:
    delivery_id = put(connection, lease, "unknown")
    settle(database, delivery_id, state="failed", person="Jane", reason="lost")

    testimony = ledger.SQL["testify"].run(
        connection,
        id=delivery_id,
        owner="gone",
        run_id="aaaa",
        state="sent",
        reason="",
        code=250,
        text="taken",
        delay=timedelta(0),
    )

    assert testimony == []
    assert delivery(database, delivery_id)[0].state == "failed"


def test_deliveries_are_listed_newest_first(
    connection: Connection, database: Database, lease: Lease
) -> None:
    record(connection, lease, "jane@example.org", "john@example.org", "jim@example.org")
    force_state(connection, "failed", "john@example.org")

    def listed(**asked: object) -> list[str | None]:
        wanted = {"notification": None, "state": None, "limit": 50} | asked
        return [one.address for one in deliveries(database, **wanted)]  # type: ignore[arg-type]

    assert listed() == ["jim@example.org", "john@example.org", "jane@example.org"]
    assert listed(limit=1) == ["jim@example.org"]
    assert listed(state="failed") == ["john@example.org"]
    assert listed(notification="another") == []
    assert listed(notification=NOTIFICATION, state="planned") == [
        "jim@example.org",
        "jane@example.org",
    ]


def test_a_delivery_is_shown_with_everything_in_it(
    connection: Connection, database: Database, lease: Lease
) -> None:
    message = mail()
    ledger.record(connection, lease, plan(message))

    found, attempts = delivery(database, only_delivery(connection))

    assert attempts == []
    assert (found.content, found.message_id) == (message.content, message.message_id)
    assert (found.notification, found.period, found.tick) == (NOTIFICATION, PERIOD, TICK)
    assert (found.not_before, found.settled_by) == (None, None)
    assert "Dear" not in repr(found)


@pytest.mark.parametrize("state", sorted(WAYS))
def test_old_texts_are_dropped_and_the_rows_stay(
    state: str, connection: Connection, database: Database, lease: Lease
) -> None:
    delivery_id = put(connection, lease, state)
    age(connection, "91 days")
    changed_at = column(connection, "changed_at")
    is_settled = state in {"sent", "failed", "expired"}

    assert drop_old_contents(database) == int(is_settled)
    assert drop_old_contents(database) == 0

    found, _ = delivery(database, delivery_id)
    assert (found.content is None) is is_settled
    assert (found.state, found.changed_at) == (state, changed_at)


def test_younger_texts_are_kept(connection: Connection, database: Database, lease: Lease) -> None:
    put(connection, lease, "sent")
    age(connection, "89 days")

    assert drop_old_contents(database) == 0


@pytest.mark.parametrize("state", ["failed", "expired"])
def test_what_has_no_text_any_more_cannot_go_again(
    state: str, connection: Connection, database: Database, lease: Lease
) -> None:
    delivery_id = put(connection, lease, state)
    age(connection, "91 days")
    drop_old_contents(database)

    with pytest.raises(UnlawfulSettlement, match="while its text is kept"):
        settle(database, delivery_id, state="retry", person="Jane", reason="again")


def test_a_person_cannot_be_told_twice_by_another_plan_after_years(
    connection: Connection, database: Database, lease: Lease
) -> None:
    put(connection, lease, "sent")
    age(connection, "1000 days")
    drop_old_contents(database)

    again = ledger.record(connection, lease, plan(mail(), tick=TICK + timedelta(days=1000)))

    assert (again.planned, again.told_before) == (0, 1)
