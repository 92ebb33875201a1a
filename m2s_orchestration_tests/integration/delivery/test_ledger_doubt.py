from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import (
    LeaseLost,
)
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.plans import (
    NEXT_TICK,
    NOTIFICATION,
    TICK,
    age,
    attempts,
    column,
    force_state,
    let_time_run_out,
    lose,
    plan,
    record,
    states,
)


def test_what_a_dead_holder_was_sending_is_in_doubt(connection: Connection, lease: Lease) -> None:
    record(connection, lease, "jane@example.org", "john@example.org", "jim@example.org")
    force_state(connection, "sending", "jane@example.org")
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET state = 'sending', owner = %s"
        " WHERE address = 'john@example.org'",
        (lease.owner,),
    )

    ledger.sweep(connection, lease)

    assert states(connection) == {
        "jane@example.org": "unknown",
        "john@example.org": "sending",
        "jim@example.org": "planned",
    }
    assert column(connection, "reason") != ""
    assert attempts(connection) == ["unknown"]


def test_a_forced_run_puts_nobodys_message_in_doubt(
    connection: Connection, lease: Lease, new_lease: NewLease
) -> None:
    record(connection, lease, "jane@example.org")
    force_state(connection, "sending")
    forced = new_lease()
    forced.acquire(wait=timedelta(0), force=True)

    ledger.sweep(connection, forced)

    assert states(connection) == {"jane@example.org": "sending"}


def test_a_run_that_lost_its_lease_puts_nothing_in_doubt_or_in_motion(
    connection: Connection, lease: Lease
) -> None:
    recorded = record(connection, lease, "jane@example.org", "john@example.org")
    force_state(connection, "sending", "jane@example.org")
    force_state(connection, "unknown", "john@example.org")
    age(connection, "1 hour")
    lose(connection)

    with pytest.raises(LeaseLost):
        ledger.sweep(connection, lease)
    with pytest.raises(LeaseLost):
        ledger.resend_in_doubt(
            connection, lease, recorded, policy="resend_same_bytes", within=timedelta(days=1)
        )

    assert states(connection) == {"jane@example.org": "sending", "john@example.org": "unknown"}


class TestDoubt:
    """What is in doubt is offered again where a policy says so."""

    POLICY = "resend_same_bytes"
    A_DAY = timedelta(days=1)

    def resend(self, connection: Connection, lease: Lease, tick: datetime = TICK) -> int:
        recorded = ledger.find(connection, notification=NOTIFICATION, tick=tick)
        assert recorded is not None
        return ledger.resend_in_doubt(
            connection, lease, recorded, policy=self.POLICY, within=self.A_DAY
        )

    def test_it_is_offered_once_more(self, connection: Connection, lease: Lease) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        age(connection, "12 minutes")

        assert self.resend(connection, lease) == 1

        assert states(connection) == {"jane@example.org": "retry"}
        assert attempts(connection) == ["retry"]
        assert (column(connection, "settled_by"), column(connection, "resends")) == ("policy", 1)

    def test_it_is_offered_no_third_time(self, connection: Connection, lease: Lease) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        age(connection, "12 minutes")
        self.resend(connection, lease)
        force_state(connection, "unknown")
        age(connection, "12 minutes")

        assert self.resend(connection, lease) == 0

        assert states(connection) == {"jane@example.org": "unknown"}

    def test_its_age_counts_from_when_it_went_out(
        self, connection: Connection, lease: Lease
    ) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "sending")
        age(connection, "25 hours")
        ledger.sweep(connection, lease)
        assert states(connection) == {"jane@example.org": "unknown"}

        assert self.resend(connection, lease) == 0

    @pytest.mark.parametrize("since", ["10 minutes", "25 hours"])
    def test_it_waits_for_the_first_senders_word_and_not_for_ever(
        self, since: str, connection: Connection, lease: Lease
    ) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        age(connection, since)

        assert self.resend(connection, lease) == 0

    def test_it_is_not_offered_too_late(self, connection: Connection, lease: Lease) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        let_time_run_out(connection)
        age(connection, "12 minutes")

        assert self.resend(connection, lease) == 0

    def test_another_occurrences_doubt_is_left_to_it(
        self, connection: Connection, lease: Lease
    ) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        age(connection, "12 minutes")
        ledger.record(connection, lease, plan(periods=("later",), tick=NEXT_TICK))
        ledger.record(connection, lease, plan(tick=NEXT_TICK + timedelta(days=1)))

        assert self.resend(connection, lease, NEXT_TICK) == 0
        assert self.resend(connection, lease, NEXT_TICK + timedelta(days=1)) == 1

    def test_a_forced_run_offers_nothing_again(
        self, connection: Connection, lease: Lease, new_lease: NewLease
    ) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        age(connection, "12 minutes")
        forced = new_lease()
        forced.acquire(wait=timedelta(0), force=True)

        assert self.resend(connection, forced) == 0
