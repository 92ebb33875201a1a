from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import (
    LeaseLost,
)
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.plans import (
    NEXT_TICK,
    NOTIFICATION,
    TICK,
    age,
    attempts,
    column,
    force_state,
    in_an_hour,
    let_time_run_out,
    lose,
    mail,
    occurrence_state,
    plan,
    record,
    states,
)


def test_what_comes_too_late_expires(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org", "john@example.org", "jim@example.org")
    force_state(connection, "retry", "john@example.org")
    force_state(connection, "unknown", "jim@example.org")
    let_time_run_out(connection)

    ledger.sweep(connection, lease)

    assert states(connection) == {
        "jane@example.org": "expired",
        "john@example.org": "expired",
        "jim@example.org": "unknown",
    }
    assert attempts(connection) == ["expired"]
    assert ledger.unsent(connection, lease, recorded) == []


def test_late_mail_may_go_if_a_person_wants_it(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org", "john@example.org")
    let_time_run_out(connection)
    ledger.sweep(connection, lease)
    assert ledger.close(connection, lease, recorded)

    ledger.allow_late(
        connection,
        lease,
        recorded,
        in_time=timedelta(hours=20),
    )

    assert set(states(connection).values()) == {"retry"}
    assert len(ledger.unsent(connection, lease, recorded)) == 2
    assert attempts(connection) == ["expired", "retry"]
    assert column(connection, "settled_reason") == "send_late"
    assert occurrence_state(connection) == "decided"
    assert column(connection, "due_until") > datetime.now(UTC) + timedelta(hours=19)


def test_late_mail_is_prolonged_before_it_expires(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org")
    let_time_run_out(connection)

    ledger.allow_late(connection, lease, recorded, in_time=timedelta(hours=20))
    ledger.sweep(connection, lease)

    assert states(connection) == {"jane@example.org": "planned"}


def test_late_mail_of_other_occurrences_stays_expired(connection: Connection, lease: Lease) -> None:
    record(connection, lease, "jane@example.org")
    other = ledger.record(
        connection,
        lease,
        plan(mail("john@example.org", period="later"), periods=("later",), tick=NEXT_TICK),
    )
    let_time_run_out(connection)
    ledger.sweep(connection, lease)

    ledger.allow_late(connection, lease, other, in_time=timedelta(hours=20))

    assert states(connection) == {"jane@example.org": "expired", "john@example.org": "retry"}


def test_without_the_lease_nothing_late_may_go(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org")
    let_time_run_out(connection)
    ledger.sweep(connection, lease)
    lose(connection)

    with pytest.raises(LeaseLost):
        ledger.allow_late(connection, lease, recorded, in_time=timedelta(hours=20))

    assert states(connection) == {"jane@example.org": "expired"}


def test_occurrences_that_have_something_to_send_now_are_unfinished(
    connection: Connection, lease: Lease
) -> None:
    first = record(connection, lease, "jane@example.org")
    second = ledger.record(
        connection,
        lease,
        plan(mail("john@example.org", period="later"), periods=("later",), tick=NEXT_TICK),
    )
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET state = 'retry',"
        " not_before = now() + interval '1 hour' WHERE occurrence_id = %s",
        (second.occurrence_id,),
    )

    def unfinished(*, resends: bool = True) -> list[datetime]:
        rows = ledger.SQL["unfinished_ticks"].run(
            connection,
            notification=NOTIFICATION,
            within=timedelta(hours=20 * resends),
            after=ledger.TESTIMONY,
        )
        return [tick for (tick,) in rows]

    assert unfinished() == [TICK]
    force_state(connection, "sent")
    ledger.close(connection, lease, first)
    connection.execute("UPDATE m2s_orchestration.delivery SET not_before = '-infinity'")
    assert unfinished() == [NEXT_TICK]
    force_state(connection, "unknown", "john@example.org")
    assert unfinished() == []
    age(connection, "12 minutes")
    assert (unfinished(), unfinished(resends=False)) == ([NEXT_TICK], [])
    let_time_run_out(connection)
    assert unfinished() == []


def test_a_missed_occurrence_is_noted_once_and_never_decided(
    connection: Connection, lease: Lease
) -> None:
    values = {"notification": NOTIFICATION, "tick": TICK, "due_until": in_an_hour()}

    assert ledger.SQL["note_expired"].first(connection, **values) is not None
    assert ledger.SQL["note_expired"].first(connection, **values) is None

    assert occurrence_state(connection) == "expired"
    known = ledger.SQL["known_ticks"].run(
        connection, notification=NOTIFICATION, since=TICK - timedelta(seconds=1)
    )
    assert known == [(TICK,)]


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        ("planned", True),
        ("retry", True),
        ("sent", False),
        ("failed", False),
        ("expired", False),
    ],
)
def test_an_occurrence_is_under_way_while_its_mail_may_still_go(
    state: str, is_open: bool, connection: Connection, lease: Lease
) -> None:
    def is_under_way(tick: datetime = TICK) -> bool:
        return ledger.is_under_way(connection, notification=NOTIFICATION, tick=tick)

    assert not is_under_way()
    record(connection, lease, "jane@example.org")
    force_state(connection, state)

    assert is_under_way() is is_open
    assert not is_under_way(NEXT_TICK)
    let_time_run_out(connection)
    assert not is_under_way()


def test_without_a_ledger_nothing_is_under_way(empty_club_database: str) -> None:
    with Database(empty_club_database).connect("test") as connection:
        assert not ledger.is_under_way(connection, notification=NOTIFICATION, tick=TICK)
