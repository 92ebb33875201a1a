from __future__ import annotations

from datetime import timedelta

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.delivery.plans import (
    NEXT_TICK,
    TICK,
    count_of,
    notice,
    plan,
)


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
        second = ledger.record(connection, lease, plan(notices=(notice("Read"),), tick=NEXT_TICK))
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
