from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import Plan, PlannedChange, PlannedSkip, Recorded
from m2s_orchestration.errors import (
    ClubChanged,
    DatabaseUnreachable,
    LeaseLost,
    MissingTable,
)
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.plans import (
    NEXT_TICK,
    NOTIFICATION,
    PERIOD,
    STATES,
    TICK,
    column,
    count_of,
    force_state,
    lose,
    mail,
    notice,
    occurrence_state,
    plan,
    record,
    statement,
    states,
)

LEDGER_TABLES = ("occurrence", "delivery", "attempt", "notice")


def rows_in_ledger(connection: Connection) -> dict[str, int]:
    counts = {}
    for table in LEDGER_TABLES:
        row = connection.execute(f"SELECT count(*) FROM m2s_orchestration.{table}").fetchone()
        assert row is not None
        counts[table] = row[0]
    return counts


def test_a_decision_is_recorded_once(connection: Connection, lease: Lease) -> None:
    decision = plan(
        mail("jane@example.org"),
        mail("john@example.org"),
        skips=(PlannedSkip(PERIOD, "member:7", "", "has no address"),),
        notices=(notice(member_id=1), notice(member_id=2)),
        found={"logsheets": 3},
    )

    first = ledger.record(connection, lease, decision)
    second = ledger.record(connection, lease, decision)

    assert (first.is_new, first.planned, first.skipped, first.notices) == (True, 2, 1, 2)
    assert second == Recorded(first.occurrence_id, (PERIOD,), is_new=False, found={"logsheets": 3})
    assert states(connection) == {
        "jane@example.org": "planned",
        "john@example.org": "planned",
        "member:7": "skipped",
    }
    assert rows_in_ledger(connection) == {
        "occurrence": 1,
        "delivery": 3,
        "attempt": 0,
        "notice": 2,
    }


def test_what_is_recorded_is_found_again(connection: Connection, lease: Lease) -> None:
    assert ledger.find(connection, notification=NOTIFICATION, tick=TICK) is None

    recorded = record(connection, lease, "jane@example.org")

    found = ledger.find(connection, notification=NOTIFICATION, tick=TICK)
    assert found == Recorded(recorded.occurrence_id, (PERIOD,), is_new=False)
    assert ledger.find(connection, notification="another", tick=TICK) is None
    assert ledger.find(connection, notification=NOTIFICATION, tick=NEXT_TICK) is None


def test_an_empty_decision_is_a_decision(connection: Connection, lease: Lease) -> None:
    recorded = ledger.record(connection, lease, plan(periods=()))

    assert (recorded.is_new, recorded.planned) == (True, 0)
    assert ledger.close(connection, lease, recorded)
    assert occurrence_state(connection) == "done"


def test_twenty_at_once_record_it_once(database: Database, lease: Lease) -> None:
    crowd = 20
    start = threading.Barrier(crowd)

    def decide(number: int) -> Recorded:
        with database.connect(f"decide {number}") as connection:
            start.wait()
            decision = plan(mail("jane@example.org"), notices=(notice(),))
            return ledger.record(connection, lease, decision)

    with ThreadPoolExecutor(crowd) as pool:
        answers = list(pool.map(decide, range(crowd)))

    assert [answer.is_new for answer in answers].count(True) == 1
    assert len({answer.occurrence_id for answer in answers}) == 1
    with database.connect("look") as connection:
        assert rows_in_ledger(connection) == {
            "occurrence": 1,
            "delivery": 1,
            "attempt": 0,
            "notice": 1,
        }


def test_nothing_is_recorded_when_the_lease_is_lost(connection: Connection, lease: Lease) -> None:
    lose(connection)

    with pytest.raises(LeaseLost):
        ledger.record(connection, lease, plan(mail(), notices=(notice(),)))

    assert set(rows_in_ledger(connection).values()) == {0}


def test_a_change_that_fails_leaves_nothing(connection: Connection, lease: Lease) -> None:
    works = PlannedChange("works", statement("DELETE FROM members_member RETURNING id"), {})
    fails = PlannedChange("fails", statement("UPDATE members_member SET no_such = 1"), {})
    people = count_of(connection, "members_member")

    with pytest.raises(MissingTable, match="no_such"):
        ledger.record(connection, lease, plan(mail(), changes=(works, fails)))

    assert set(rows_in_ledger(connection).values()) == {0}
    assert count_of(connection, "members_member") == people


def test_a_commit_that_fails_leaves_nothing(connection: Connection, lease: Lease) -> None:
    with pytest.raises(ClubChanged, match="Nothing was recorded"):
        ledger.record(connection, lease, plan(mail(), notices=(notice(member_id=-1),)))

    assert set(rows_in_ledger(connection).values()) == {0}


def test_a_connection_that_breaks_leaves_nothing(
    connection: Connection, database: Database, lease: Lease
) -> None:
    with database.connect("broken") as broken:
        breaks = statement("SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(DatabaseUnreachable):
            ledger.record(broken, lease, plan(mail(), changes=(PlannedChange("x", breaks, {}),)))

    assert set(rows_in_ledger(connection).values()) == {0}


def test_the_same_person_may_hear_of_two_things(connection: Connection, lease: Lease) -> None:
    recorded = ledger.record(
        connection,
        lease,
        plan(
            mail(),
            mail(variant="second"),
            mail(period="2026-03-03"),
            periods=(PERIOD, "2026-03-03"),
        ),
    )

    assert recorded.planned == 3


def test_one_decision_tells_one_person_once(connection: Connection, lease: Lease) -> None:
    recorded = ledger.record(connection, lease, plan(mail(), mail()))

    assert (recorded.planned, recorded.told_before) == (1, 1)


def test_a_second_occurrence_about_the_same_period_tells_nobody_twice(
    connection: Connection, lease: Lease
) -> None:
    record(connection, lease, "jane@example.org")

    second = ledger.record(
        connection, lease, plan(mail("jane@example.org"), mail("john@example.org"), tick=NEXT_TICK)
    )

    assert (second.is_new, second.planned, second.told_before) == (True, 1, 1)
    assert states(connection) == {"jane@example.org": "planned", "john@example.org": "planned"}


def test_a_second_occurrence_delivers_what_the_first_left(
    connection: Connection, lease: Lease
) -> None:
    first = record(connection, lease, "jane@example.org")
    second = ledger.record(connection, lease, plan(mail("jane@example.org"), tick=NEXT_TICK))
    other = ledger.record(
        connection,
        lease,
        plan(periods=("2026-03-09",), tick=NEXT_TICK + timedelta(days=6)),
    )

    waiting = ledger.unsent(connection, lease, first)
    assert len(waiting) == 1
    assert ledger.unsent(connection, lease, second) == waiting
    assert ledger.unsent(connection, lease, other) == []
    assert ledger.tally(connection, lease, second) == {"planned": 1}
    assert not ledger.close(connection, lease, second)


def test_only_what_is_open_and_in_time_is_unsent(connection: Connection, lease: Lease) -> None:
    addresses = {state: f"{state}@example.org" for state in STATES if state != "skipped"}
    recorded = record(connection, lease, *addresses.values(), "later@example.org")
    late = ledger.record(
        connection,
        lease,
        plan(
            mail("late@example.org"),
            tick=NEXT_TICK,
            due_until=datetime.now(UTC) - timedelta(seconds=1),
        ),
    )
    for state, address in addresses.items():
        force_state(connection, state, address)
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET not_before = now() + interval '1 hour'"
        " WHERE address = 'later@example.org'"
    )

    expected = [column(connection, "id", addresses[state]) for state in ("planned", "retry")]
    assert ledger.unsent(connection, lease, recorded) == expected
    assert ledger.unsent(connection, lease, late) == expected


def test_changes_are_made_and_mails_may_depend_on_them(
    connection: Connection, lease: Lease
) -> None:
    rename = statement(
        "UPDATE members_member SET nickname = %(name)s WHERE id = %(id)s AND nickname IS DISTINCT"
        " FROM %(name)s RETURNING id"
    )
    changes = (
        PlannedChange("first", rename, {"id": 1, "name": "Ace"}),
        PlannedChange("again", rename, {"id": 1, "name": "Ace"}),
        PlannedChange("nobody", rename, {"id": -1, "name": "Ace"}),
    )
    mails = (
        mail("always@example.org"),
        mail("first@example.org", only_if="first"),
        mail("again@example.org", only_if="again"),
        mail("nobody@example.org", only_if="nobody"),
        mail("typo@example.org", only_if="no such change"),
    )

    recorded = ledger.record(connection, lease, plan(*mails, changes=changes))

    assert (recorded.changes, recorded.planned, recorded.told_before) == (1, 2, 0)
    assert list(states(connection)) == ["always@example.org", "first@example.org"]
    row = connection.execute(
        "SELECT nickname, changes FROM members_member, m2s_orchestration.occurrence"
        " WHERE members_member.id = 1"
    ).fetchone()
    assert row == ("Ace", 1)


@pytest.mark.parametrize("state", sorted(set(STATES) - {"skipped"}))
def test_an_occurrence_is_done_when_nothing_is_left_to_send(
    state: str, connection: Connection, lease: Lease
) -> None:
    recorded = record(connection, lease, "jane@example.org", "john@example.org")
    force_state(connection, "sent", "john@example.org")
    force_state(connection, state)

    is_done = state in {"sent", "failed", "unknown", "expired"}
    assert ledger.close(connection, lease, recorded) is is_done
    assert occurrence_state(connection) == ("done" if is_done else "decided")


def test_the_figures_are_those_of_the_periods(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org", "john@example.org")
    force_state(connection, "sent", "john@example.org")
    ledger.record(connection, lease, plan(mail(period="later"), periods=("later",), tick=NEXT_TICK))

    assert ledger.tally(connection, lease, recorded) == {"planned": 1, "sent": 1}


def test_a_plan_hides_what_its_mails_say() -> None:
    assert "Dear" not in repr(plan(mail()))
    assert isinstance(plan(), Plan)
