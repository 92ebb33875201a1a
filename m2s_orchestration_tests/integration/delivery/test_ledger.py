from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.ledger import Plan, PlannedChange, PlannedSkip, Recorded
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import (
    ClubChanged,
    DatabaseUnreachable,
    LeaseLost,
    MissingTable,
)
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.plans import (
    NOTIFICATION,
    PERIOD,
    STATES,
    TICK,
    age,
    attempts,
    column,
    force_state,
    in_an_hour,
    mail,
    notice,
    plan,
    record,
    statement,
    states,
)

NEXT_TICK = TICK + timedelta(days=1)
LEDGER_TABLES = ("occurrence", "delivery", "attempt", "notice")

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


def rows_in_ledger(connection: Connection) -> dict[str, int]:
    counts = {}
    for table in LEDGER_TABLES:
        row = connection.execute(f"SELECT count(*) FROM m2s_orchestration.{table}").fetchone()
        assert row is not None
        counts[table] = row[0]
    return counts


def lose(connection: Connection) -> None:
    connection.execute("UPDATE cronjob_locks SET locked_by = 'somebody else'")


def occurrence_state(connection: Connection, tick: datetime = TICK) -> str:
    row = connection.execute(
        "SELECT state FROM m2s_orchestration.occurrence WHERE tick = %s", (tick,)
    ).fetchone()
    assert row is not None
    return str(row[0])


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
    assert second == Recorded(first.occurrence_id, (PERIOD,), is_new=False)
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


def count_of(connection: Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def test_the_key_is_unique_whoever_inserts(connection: Connection, lease: Lease) -> None:
    record(connection, lease, "jane@example.org")

    with pytest.raises(psycopg.errors.UniqueViolation, match="delivery_once"):
        connection.execute(
            "INSERT INTO m2s_orchestration.delivery (occurrence_id, notification, period,"
            " recipient_key, state, reason, due_until)"
            " SELECT occurrence_id, notification, period, recipient_key, 'skipped', 'x', now()"
            " FROM m2s_orchestration.delivery"
        )


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


class TestNotices:
    """The rows of the web application's own table."""

    URL = "/logsheets/aging/"
    TOKEN = "aging logsheet"
    EARLIER = "2026-02-01T12:00:00Z"

    def add(self, connection: Connection, text: str, **values: object) -> int:
        row = {"url": self.URL, "created_at": self.EARLIER, "read": True, "dismissed": False}
        row |= {"user_id": 1, "message": text} | values
        found = connection.execute(
            "INSERT INTO notifications_notification"
            " (user_id, message, url, created_at, read, dismissed) VALUES (%(user_id)s,"
            " %(message)s, %(url)s, %(created_at)s, %(read)s, %(dismissed)s) RETURNING id",
            row,
        ).fetchone()
        assert found is not None
        return int(found[0])

    def told(self, connection: Connection) -> list[tuple[int, str, bool, bool]]:
        """Of each row: its id, its text, whether it is new, whether it is read."""
        return connection.execute(
            "SELECT id, message, created_at > now() - interval '1 minute', read"
            " FROM notifications_notification ORDER BY id"
        ).fetchall()

    def keep(self, connection: Connection, lease: Lease, count: int) -> int:
        """One occurrence that keeps the notice; how many notices it led to."""
        kept = notice(
            f"You have {count} aging logsheets", url=self.URL, token=self.TOKEN, count=count
        )
        taken = count_of(connection, "m2s_orchestration.occurrence")
        decision = plan(notices=(kept,), tick=TICK + timedelta(days=taken))
        return ledger.record(connection, lease, decision).notices

    def test_a_plain_one_is_added_once_per_period(
        self, connection: Connection, lease: Lease
    ) -> None:
        first = ledger.record(connection, lease, plan(notices=(notice("Read"), notice("Read"))))
        second = ledger.record(
            connection, lease, plan(notices=(notice("Read"),), tick=NEXT_TICK)
        )
        third = ledger.record(
            connection,
            lease,
            plan(notices=(notice("Read", period="later"),), tick=NEXT_TICK + timedelta(days=1)),
        )

        assert (first.notices, second.notices, third.notices) == (1, 0, 1)
        assert [(text, is_new, read) for _, text, is_new, read in self.told(connection)] == [
            ("Read", True, False),
            ("Read", True, False),
        ]

    def test_one_with_a_token_is_added_where_there_is_none(
        self, connection: Connection, lease: Lease
    ) -> None:
        assert self.keep(connection, lease, 2) == 1

        ((_, text, is_new, read),) = self.told(connection)
        assert (text, is_new, read) == ("You have 2 aging logsheets", True, False)

    def test_the_same_count_changes_nothing(self, connection: Connection, lease: Lease) -> None:
        row = self.add(connection, "You have 2 AGING LOGSHEETS")

        assert self.keep(connection, lease, 2) == 0

        assert self.told(connection) == [(row, "You have 2 AGING LOGSHEETS", False, True)]

    def test_a_greater_count_makes_it_new_and_unread(
        self, connection: Connection, lease: Lease
    ) -> None:
        row = self.add(connection, "You have 2 aging logsheets")

        assert self.keep(connection, lease, 10) == 1

        assert self.told(connection) == [(row, "You have 10 aging logsheets", True, False)]

    def test_a_smaller_count_changes_the_text_only(
        self, connection: Connection, lease: Lease
    ) -> None:
        row = self.add(connection, "You have 10 aging logsheets")

        assert self.keep(connection, lease, 2) == 1

        assert self.told(connection) == [(row, "You have 2 aging logsheets", False, True)]

    def test_an_unread_one_stays_unread_when_the_count_shrinks(
        self, connection: Connection, lease: Lease
    ) -> None:
        row = self.add(connection, "You have 10 aging logsheets", read=False)

        assert self.keep(connection, lease, 2) == 1

        assert self.told(connection) == [(row, "You have 2 aging logsheets", False, False)]

    def test_the_newest_is_kept_and_the_others_are_deleted(
        self, connection: Connection, lease: Lease
    ) -> None:
        self.add(connection, "You have 1 aging logsheet", created_at="2026-01-01T12:00:00Z")
        newest = self.add(connection, "You have 2 aging logsheets")
        self.add(connection, "You have 3 aging logsheets", created_at="2026-01-02T12:00:00Z")

        assert self.keep(connection, lease, 2) == 1

        assert self.told(connection) == [(newest, "You have 2 aging logsheets", False, True)]

    def test_of_equally_new_ones_the_first_is_kept(
        self, connection: Connection, lease: Lease
    ) -> None:
        first = self.add(connection, "You have 2 aging logsheets")
        self.add(connection, "You have 2 aging logsheets")

        self.keep(connection, lease, 2)

        assert [row for row, *_ in self.told(connection)] == [first]

    def test_dismissed_ones_are_neither_kept_nor_deleted(
        self, connection: Connection, lease: Lease
    ) -> None:
        dismissed = self.add(connection, "You have 2 aging logsheets", dismissed=True)

        assert self.keep(connection, lease, 2) == 1

        first, second = self.told(connection)
        assert first == (dismissed, "You have 2 aging logsheets", False, True)
        assert second[1:] == ("You have 2 aging logsheets", True, False)

    def test_other_peoples_and_other_notices_are_left_alone(
        self, connection: Connection, lease: Lease
    ) -> None:
        others = [
            self.add(connection, "You have 2 aging logsheets", user_id=2),
            self.add(connection, "You have 2 aging logsheets", url="/elsewhere/"),
            self.add(connection, "You have 2 aging logsheets", url=None),
            self.add(connection, "You have 2 late reports"),
        ]

        assert self.keep(connection, lease, 1) == 1

        assert [row for row, *_ in self.told(connection)][:4] == others
        assert len(self.told(connection)) == 5

    def test_a_text_without_a_number_counts_as_none(
        self, connection: Connection, lease: Lease
    ) -> None:
        row = self.add(connection, "You have an aging logsheet")

        assert self.keep(connection, lease, 1) == 1

        assert self.told(connection) == [(row, "You have 1 aging logsheets", True, False)]


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
    record(connection, lease, "jane@example.org", "john@example.org")
    force_state(connection, "sending", "jane@example.org")
    force_state(connection, "unknown", "john@example.org")
    age(connection, "1 hour")
    lose(connection)

    with pytest.raises(LeaseLost):
        ledger.sweep(connection, lease)
    with pytest.raises(LeaseLost):
        ledger.resend_in_doubt(
            connection, lease, policy="resend_same_bytes", within=timedelta(days=1)
        )

    assert states(connection) == {"jane@example.org": "sending", "john@example.org": "unknown"}


def test_what_comes_too_late_expires(connection: Connection, lease: Lease) -> None:
    recorded = record(
        connection, lease, "jane@example.org", "john@example.org", "jim@example.org"
    )
    force_state(connection, "retry", "john@example.org")
    force_state(connection, "unknown", "jim@example.org")
    _let_time_run_out(connection)

    ledger.sweep(connection, lease)

    assert states(connection) == {
        "jane@example.org": "expired",
        "john@example.org": "expired",
        "jim@example.org": "unknown",
    }
    assert attempts(connection) == ["expired"]
    assert ledger.unsent(connection, lease, recorded) == []


def _let_time_run_out(connection: Connection) -> None:
    connection.execute(
        "UPDATE m2s_orchestration.delivery SET due_until = now() - interval '1 second'"
    )


def test_late_mail_may_go_if_a_person_wants_it(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org", "john@example.org")
    _let_time_run_out(connection)
    ledger.sweep(connection, lease)
    assert ledger.close(connection, lease, recorded)

    ledger.allow_late(
        connection,
        lease,
        occurrence_id=recorded.occurrence_id,
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
    _let_time_run_out(connection)

    ledger.allow_late(
        connection, lease, occurrence_id=recorded.occurrence_id, in_time=timedelta(hours=20)
    )
    ledger.sweep(connection, lease)

    assert states(connection) == {"jane@example.org": "planned"}


def test_late_mail_of_other_occurrences_stays_expired(
    connection: Connection, lease: Lease
) -> None:
    record(connection, lease, "jane@example.org")
    other = ledger.record(
        connection, lease, plan(mail("john@example.org", period="later"), tick=NEXT_TICK)
    )
    _let_time_run_out(connection)
    ledger.sweep(connection, lease)

    ledger.allow_late(
        connection, lease, occurrence_id=other.occurrence_id, in_time=timedelta(hours=20)
    )

    assert states(connection) == {"jane@example.org": "expired", "john@example.org": "retry"}


def test_without_the_lease_nothing_late_may_go(connection: Connection, lease: Lease) -> None:
    recorded = record(connection, lease, "jane@example.org")
    _let_time_run_out(connection)
    ledger.sweep(connection, lease)
    lose(connection)

    with pytest.raises(LeaseLost):
        ledger.allow_late(
            connection, lease, occurrence_id=recorded.occurrence_id, in_time=timedelta(hours=20)
        )

    assert states(connection) == {"jane@example.org": "expired"}


class TestDoubt:
    """What is in doubt is offered again where a policy says so."""

    POLICY = "resend_same_bytes"
    A_DAY = timedelta(days=1)

    def resend(self, connection: Connection, lease: Lease) -> int:
        return ledger.resend_in_doubt(connection, lease, policy=self.POLICY, within=self.A_DAY)

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
        _let_time_run_out(connection)
        age(connection, "12 minutes")

        assert self.resend(connection, lease) == 0

    def test_a_forced_run_offers_nothing_again(
        self, connection: Connection, lease: Lease, new_lease: NewLease
    ) -> None:
        record(connection, lease, "jane@example.org")
        force_state(connection, "unknown")
        age(connection, "12 minutes")
        forced = new_lease()
        forced.acquire(wait=timedelta(0), force=True)

        assert self.resend(connection, forced) == 0


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
    ledger.record(
        connection, lease, plan(mail(period="later"), periods=("later",), tick=NEXT_TICK)
    )

    assert ledger.tally(connection, lease, recorded) == {"planned": 1, "sent": 1}


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

    def unfinished() -> list[datetime]:
        rows = ledger.SQL["unfinished_ticks"].run(connection, notification=NOTIFICATION)
        return [tick for (tick,) in rows]

    assert unfinished() == [TICK]
    force_state(connection, "sent")
    ledger.close(connection, lease, first)
    connection.execute("UPDATE m2s_orchestration.delivery SET not_before = '-infinity'")
    assert unfinished() == [NEXT_TICK]
    _let_time_run_out(connection)
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


def test_a_plan_hides_what_its_mails_say() -> None:
    assert "Dear" not in repr(plan(mail()))
    assert isinstance(plan(), Plan)
