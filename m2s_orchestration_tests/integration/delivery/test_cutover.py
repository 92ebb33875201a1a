from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.cutover import (
    Told,
    cutovers,
    move,
    move_back,
    ours,
    until_free,
    whose,
)
from m2s_orchestration.delivery.lease import Lease, clear, leases
from m2s_orchestration.errors import LeaseHeld, LeaseLost, NotOurs, UnlawfulCutover
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.locks import (
    NOW,
    events,
    holder,
    lapse,
    last_event,
    move_end,
)
from m2s_orchestration_tests.integration.delivery.plans import (
    NEXT_TICK,
    NOTIFICATION,
    PERIOD,
    TICK,
    mail,
    plan,
    states,
)
from m2s_orchestration_tests.web_application import (
    POD,
    OldCommand,
    WebApplication,
)

TOMBSTONE = "moved-to-dagster"
JANE = Told(
    tick=TICK,
    period=PERIOD,
    recipient_key="member:1",
    member_id=1,
    told_at=TICK + timedelta(seconds=7),
    reason="notice 12 of the web application",
)


def moved(connection: Connection, *told: Told, effective_from: datetime = TICK) -> Any:
    return move(
        connection,
        notification=NOTIFICATION,
        effective_from=effective_from,
        person="Jane",
        told=lambda: told,
    )


def expires_at(connection: Connection) -> datetime:
    row = connection.execute("SELECT expires_at FROM cronjob_locks").fetchone()
    assert row is not None
    end: datetime = row[0]
    return end


def test_it_holds_the_row_that_nobody_had(connection: Connection) -> None:
    assert moved(connection).is_new

    assert holder(connection) == TOMBSTONE
    # What the web application can read as a date, unlike infinity.
    assert expires_at(connection) == datetime(3000, 1, 1, tzinfo=UTC)
    assert last_event(connection)["event"] == "moved"
    assert last_event(connection)["owner"] == "Jane"


def test_the_old_command_finds_it_held_and_does_nothing(connection: Connection) -> None:
    moved(connection)
    old = OldCommand(WebApplication(connection, NOTIFICATION, ahead=timedelta(minutes=2)))

    assert not old.run()
    assert holder(connection) == TOMBSTONE


def test_our_run_takes_the_row_and_leaves_the_tombstone_behind(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    lease = new_lease()

    assert lease.acquire(wait=NOW) == "acquired"
    assert holder(connection) == lease.owner
    lease.fence(connection)
    assert not OldCommand(WebApplication(connection, NOTIFICATION)).run()
    lease.release()

    assert holder(connection) == TOMBSTONE
    assert events(connection) == ["moved", "acquired", "released"]


def test_two_of_our_runs_still_exclude_each_other(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    first, second = new_lease(), new_lease()
    first.acquire(wait=NOW)

    with pytest.raises(LeaseHeld, match=first.owner):
        second.acquire(wait=NOW)

    told = last_event(connection)
    assert (told["event"], told["other"]) == ("contended", first.owner)
    assert 0 < told["seconds"] <= 60


def test_a_killed_run_blocks_us_for_a_minute_and_the_old_command_for_ever(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    dead, living = new_lease(), new_lease()
    dead.acquire(wait=NOW)
    with pytest.raises(LeaseHeld):
        living.acquire(wait=NOW)
    lapse(connection)

    assert not OldCommand(
        WebApplication(connection, NOTIFICATION, ahead=timedelta(minutes=2))
    ).run()
    assert holder(connection) == dead.owner

    assert living.acquire(wait=NOW) == "taken_over"
    assert last_event(connection)["other"] == dead.owner
    with pytest.raises(LeaseLost):
        dead.fence(connection)
    living.release()
    assert holder(connection) == TOMBSTONE


def test_a_lease_past_its_term_decides_nothing_although_its_row_is_out_of_reach(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    lease = new_lease()
    lease.acquire(wait=NOW)
    recorded = ledger.record(connection, lease, plan(mail(), tick=NEXT_TICK))
    (delivery_id,) = ledger.unsent(connection, lease, recorded)
    lapse(connection)
    values = {**lease.identity, "id": delivery_id, "is_forced": False}
    refusal = {"state": "failed", "reason": "x", "code": 550, "text": "x", "delay": timedelta(0)}

    with pytest.raises(LeaseLost):
        lease.fence(connection)
    assert ledger.SQL["claim"].first(connection, **values) is None
    assert ledger.SQL["refuse"].first(connection, **values, **refusal) is None
    assert states(connection) == {"jane@example.org": "planned"}


def test_a_claim_does_not_hold_under_a_lease_past_its_term(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    lease = new_lease()
    lease.acquire(wait=NOW)
    recorded = ledger.record(connection, lease, plan(mail(), tick=NEXT_TICK))
    (delivery_id,) = ledger.unsent(connection, lease, recorded)
    values = {**lease.identity, "id": delivery_id, "is_forced": False}
    assert ledger.SQL["claim"].first(connection, **values)
    held = ledger.SQL["is_claimed"].first(connection, **values)
    lapse(connection)

    assert held
    assert ledger.SQL["is_claimed"].first(connection, **values) is None


def test_the_heartbeat_keeps_a_moved_lease_alive_and_out_of_reach(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    lease = new_lease(term=timedelta(seconds=0.6))
    lease.acquire(wait=NOW)
    first = expires_at(connection)

    eventually(lambda: expires_at(connection) > first)

    lease.fence(connection)
    assert expires_at(connection).year > 3000


def test_a_row_that_was_removed_by_hand_is_out_of_reach_again_at_the_next_run(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    connection.execute("DELETE FROM cronjob_locks")

    lease = new_lease()
    lease.acquire(wait=NOW)

    assert expires_at(connection).year > 3000
    lease.release()
    assert holder(connection) == TOMBSTONE


def test_a_tombstone_that_was_removed_is_put_back(connection: Connection) -> None:
    moved(connection)
    connection.execute("DELETE FROM cronjob_locks")

    assert not moved(connection).is_new

    assert holder(connection) == TOMBSTONE
    assert len(cutovers(connection)) == 1


def test_a_dead_holders_row_is_replaced(connection: Connection) -> None:
    WebApplication(connection, NOTIFICATION, ahead=timedelta(minutes=-20)).insert()

    moved(connection)

    assert holder(connection) == TOMBSTONE


@pytest.mark.parametrize("whoever", ["the web application", "one of our runs"])
def test_while_somebody_runs_it_nothing_is_changed(
    whoever: str, new_lease: NewLease, connection: Connection
) -> None:
    if whoever == "one of our runs":
        new_lease().acquire(wait=NOW)
    else:
        WebApplication(connection, NOTIFICATION).insert()
    before = holder(connection)

    with pytest.raises(LeaseHeld, match=rf"held by {before} until .*--wait"):
        moved(connection, JANE)

    assert holder(connection) == before
    assert cutovers(connection) == {}
    assert states(connection) == {}


def test_it_waits_for_a_run_that_is_under_way(connection: Connection, database: Database) -> None:
    django = WebApplication(connection, NOTIFICATION)
    django.insert()
    with database.connect("moving") as other, ThreadPoolExecutor(1) as pool:
        moving = pool.submit(until_free, lambda: moved(other), wait=timedelta(seconds=20))
        eventually(lambda: _has_tried(connection))
        django.ends()

        assert moving.result().is_new
    assert holder(connection) == TOMBSTONE


def _has_tried(connection: Connection) -> bool:
    last = "SELECT query FROM pg_stat_activity WHERE application_name = 'm2s moving'"
    return connection.execute(last).fetchall() == [("ROLLBACK",)]


def test_going_back_removes_the_tombstone_and_keeps_the_ledger(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    lease = new_lease()
    lease.acquire(wait=NOW)
    ledger.record(connection, lease, plan(mail(), tick=TICK))
    lease.release()

    move_back(connection, notification=NOTIFICATION, person="Jim")

    assert holder(connection) is None
    assert last_event(connection)["event"] == "moved_back"
    assert states(connection) == {"jane@example.org": "planned"}
    gone = cutovers(connection)[NOTIFICATION]
    assert (gone.is_ours, gone.moved_by, gone.back_by) == (False, "Jane", "Jim")
    assert OldCommand(WebApplication(connection, NOTIFICATION)).run()


def test_after_it_went_back_our_lease_is_one_like_any_other(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    move_back(connection, notification=NOTIFICATION, person="Jim")
    lease = new_lease()

    lease.acquire(wait=NOW)

    assert expires_at(connection) < datetime.now(UTC) + timedelta(minutes=2)
    lease.release()
    assert holder(connection) is None


def test_nothing_goes_back_while_our_run_is_under_way(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    lease = new_lease()
    lease.acquire(wait=NOW)

    with pytest.raises(LeaseHeld, match=lease.owner):
        move_back(connection, notification=NOTIFICATION, person="Jim")

    lease.fence(connection)
    assert cutovers(connection)[NOTIFICATION].is_ours


def test_a_dead_run_does_not_keep_it_from_going_back(
    new_lease: NewLease, connection: Connection
) -> None:
    moved(connection)
    new_lease().acquire(wait=NOW)
    lapse(connection)

    move_back(connection, notification=NOTIFICATION, person="Jim")

    assert OldCommand(WebApplication(connection, NOTIFICATION)).run()


def test_it_goes_back_although_its_tombstone_is_gone(connection: Connection) -> None:
    moved(connection)
    connection.execute("DELETE FROM cronjob_locks")

    move_back(connection, notification=NOTIFICATION, person="Jim")

    assert not cutovers(connection)[NOTIFICATION].is_ours


def test_only_what_moved_over_goes_back(connection: Connection) -> None:
    with pytest.raises(UnlawfulCutover, match="has not moved over"):
        move_back(connection, notification=NOTIFICATION, person="Jim")

    moved(connection)
    move_back(connection, notification=NOTIFICATION, person="Jim")
    with pytest.raises(UnlawfulCutover):
        move_back(connection, notification=NOTIFICATION, person="Jim")


def test_what_went_back_can_move_over_again(connection: Connection) -> None:
    moved(connection)
    move_back(connection, notification=NOTIFICATION, person="Jim")

    assert moved(connection, effective_from=NEXT_TICK).is_new

    assert cutovers(connection)[NOTIFICATION].effective_from == NEXT_TICK
    assert holder(connection) == TOMBSTONE


def test_clearing_a_lease_lets_the_old_command_in_no_more_than_before(
    new_lease: NewLease, connection: Connection, database: Database
) -> None:
    moved(connection)
    lease = new_lease()
    lease.acquire(wait=NOW)

    assert clear(database, notification=NOTIFICATION, person="Jane", force=False) is None
    assert clear(database, notification=NOTIFICATION, person="Jane", force=True) == lease.owner
    assert holder(connection) == TOMBSTONE
    assert clear(database, notification=NOTIFICATION, person="Jane", force=True) is None
    with pytest.raises(LeaseLost):
        lease.fence(connection)


def test_a_tombstone_of_nobody_can_be_cleared(connection: Connection, database: Database) -> None:
    """One that came with a copy of another club's table."""
    moved(connection)
    connection.execute("DELETE FROM m2s_orchestration.cutover")

    assert clear(database, notification=NOTIFICATION, person="Jane", force=False) == TOMBSTONE
    assert holder(connection) is None


def test_a_tombstone_is_listed_as_what_it_is(
    new_lease: NewLease, connection: Connection, database: Database
) -> None:
    moved(connection)
    (free,) = leases(database)
    new_lease().acquire(wait=NOW)
    (held,) = leases(database)

    assert (free.is_live, free.is_tombstone, free.is_out_of_reach) == (False, True, True)
    assert (held.is_live, held.is_tombstone, held.is_out_of_reach) == (True, False, True)
    assert timedelta(0) < held.until - datetime.now(UTC) <= timedelta(seconds=61)


def test_before_the_first_occurrence_of_ours_nothing_is_decided(
    new_lease: NewLease, connection: Connection
) -> None:
    """Also by a run that began before the move and waited for the lease while it happened."""
    moved(connection, effective_from=NEXT_TICK)
    lease = new_lease()
    lease.acquire(wait=NOW)

    with pytest.raises(NotOurs, match="m2s cutover"):
        ledger.record(connection, lease, plan(mail(), tick=TICK))
    assert states(connection) == {}

    assert ledger.record(connection, lease, plan(mail(), tick=NEXT_TICK)).planned == 1


def test_after_it_went_back_nothing_is_decided(new_lease: NewLease, connection: Connection) -> None:
    moved(connection)
    move_back(connection, notification=NOTIFICATION, person="Jim")
    lease = new_lease()
    lease.acquire(wait=NOW)

    with pytest.raises(NotOurs):
        ledger.record(connection, lease, plan(mail(), tick=datetime.now(UTC)))


def test_it_is_known_whose_an_occurrence_is(connection: Connection) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    never_moved = ours(connection, NOTIFICATION, [TICK, later])
    moved(connection, effective_from=NEXT_TICK)
    since_the_move = ours(connection, NOTIFICATION, [TICK, NEXT_TICK, later])
    told = whose(connection, notification=NOTIFICATION, tick=TICK)
    move_back(connection, notification=NOTIFICATION, person="Jim")

    assert never_moved == {TICK, later}
    assert since_the_move == {NEXT_TICK, later}
    assert told is not None
    assert told.effective_from == NEXT_TICK
    assert ours(connection, NOTIFICATION, [TICK, NEXT_TICK, later]) == {NEXT_TICK}


def test_whom_the_old_command_told_is_recorded_as_sent(connection: Connection) -> None:
    jim = replace(JANE, recipient_key="member:2", member_id=2, reason="notice 13")

    assert moved(connection, JANE, jim).imported == 2

    rows = connection.execute(
        "SELECT recipient_key, state, settled_by, settled_reason, sent_at, content"
        " FROM m2s_orchestration.delivery ORDER BY id"
    ).fetchall()
    assert rows[0] == ("member:1", "sent", "import", JANE.reason, JANE.told_at, None)
    assert rows[1][:4] == ("member:2", "sent", "import", "notice 13")
    assert cutovers(connection)[NOTIFICATION].imported == 2
    state = connection.execute("SELECT state, tick FROM m2s_orchestration.occurrence").fetchall()
    assert state == [("imported", TICK)]


def test_whom_the_old_command_told_is_not_told_again_and_the_others_are(
    new_lease: NewLease, connection: Connection
) -> None:
    """The old command died halfway, and the occurrence is made ours to finish."""
    moved(connection, JANE)
    lease = new_lease()
    lease.acquire(wait=NOW)
    both = (
        mail("jane@example.org", recipient_key="member:1"),
        mail("jim@example.org", recipient_key="member:2"),
    )

    recorded = ledger.record(connection, lease, plan(*both))

    assert (recorded.is_new, recorded.planned, recorded.told_before) == (True, 1, 1)
    assert states(connection) == {"member:1": "sent", "jim@example.org": "planned"}


def test_what_the_ledger_knows_is_not_imported(new_lease: NewLease, connection: Connection) -> None:
    lease = new_lease()
    lease.acquire(wait=NOW)
    ledger.record(connection, lease, plan(mail("jane@example.org", recipient_key="member:1")))
    lease.release()

    assert moved(connection, JANE).imported == 0

    assert states(connection) == {"jane@example.org": "planned"}
    decided = connection.execute("SELECT state FROM m2s_orchestration.occurrence").fetchall()
    assert decided == [("decided",)]


def test_only_an_import_begins_as_sent(connection: Connection) -> None:
    moved(connection, JANE)

    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO m2s_orchestration.delivery (occurrence_id, notification, period,"
            " recipient_key, state, settled_by, settled_reason, sent_at, due_until)"
            " SELECT occurrence_id, notification, period, 'member:3', 'sent', 'Jane', 'x', now(),"
            " now() FROM m2s_orchestration.delivery"
        )


def test_the_old_command_with_force_cannot_be_kept_out(connection: Connection) -> None:
    """Whoever starts it so sends a second time; that is why the CronJob is suspended."""
    moved(connection)

    assert OldCommand(WebApplication(connection, NOTIFICATION), force=True).run()
    assert holder(connection) == TOMBSTONE


def test_a_command_that_takes_no_lock_cannot_be_kept_out(connection: Connection) -> None:
    moved(connection)

    assert OldCommand(WebApplication(connection, NOTIFICATION), takes_lock=False).run()


def test_while_both_are_on_and_nothing_is_moved_both_work_one_after_the_other(
    new_lease: NewLease, connection: Connection
) -> None:
    """The lock keeps them from working at the same time and from nothing else."""
    lease: Lease = new_lease()
    lease.acquire(wait=NOW)
    beside = OldCommand(WebApplication(connection, NOTIFICATION)).run()
    lease.release()
    after = OldCommand(WebApplication(connection, NOTIFICATION)).run()

    assert (beside, after) == (False, True)


def test_a_foreign_row_without_end_is_not_ours_to_take(
    new_lease: NewLease, connection: Connection
) -> None:
    WebApplication(connection, NOTIFICATION).insert()
    connection.execute("UPDATE cronjob_locks SET expires_at = '9999-12-31'")

    with pytest.raises(LeaseHeld, match=POD):
        new_lease().acquire(wait=NOW)
    with pytest.raises(LeaseHeld, match=POD):
        moved(connection)


def test_the_row_of_a_run_from_before_the_move_lapses_as_ever(
    new_lease: NewLease, connection: Connection
) -> None:
    dead = new_lease()
    dead.acquire(wait=NOW)
    move_end(connection, "-1 second")

    moved(connection)

    assert holder(connection) == TOMBSTONE
    with pytest.raises(LeaseLost):
        dead.fence(connection)
    dead.release()
    assert holder(connection) == TOMBSTONE
    assert last_event(connection)["other"] == TOMBSTONE
