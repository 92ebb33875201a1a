"""Which applications are old, and that those are deleted that still are."""

from __future__ import annotations

from uuid import uuid4

import pytest

from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.notifications.cleanup_approved_applications import notification
from m2s_orchestration.notifications.cleanup_approved_applications.rows import Application
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import insert

AS_OF = "2025-12-31T23:30:00Z"
LEFT = "SELECT count(*) FROM members_membershipapplication WHERE status = 'approved'"


def apply(connection: Connection, reviewed_at: str | None, status: str = "approved") -> int:
    return insert(
        connection, "members_membershipapplication", application_id=uuid4(), status=status,
        reviewed_at=reviewed_at,
    )  # fmt: skip


def found(connection: Connection) -> list[int]:
    rows = notification.queries["old_applications"].fetch(
        connection, Application, as_of=parse_moment(AS_OF)
    )
    return [row.id for row in rows]


def test_they_are_old_after_365_days_to_the_second(connection: Connection) -> None:
    old = apply(connection, "2024-12-31T23:29:59.999999Z")
    apply(connection, "2024-12-31T23:30:00Z")
    apply(connection, None)
    assert found(connection) == [old]


@pytest.mark.parametrize("status", ["pending", "rejected", "withdrawn", "waitlisted"])
def test_others_are_kept_for_ever(connection: Connection, status: str) -> None:
    apply(connection, "2020-01-01T00:00:00Z", status)
    assert found(connection) == []


def test_the_demo_clubs_two_go_and_one_that_is_reopened_meanwhile_stays(
    database: Database,
) -> None:
    with database.connect("web application") as club:
        assert club.execute(LEFT).fetchone() == (4,)
        with begun(notification, database, AS_OF) as run:
            assert run.evaluation.decision.found == {"old_applications": 2}
            assert run.rehearse().changes == 1
            club.execute("UPDATE members_membershipapplication SET status = 'pending' WHERE id = 3")
            assert run.commit().changes == 1
        assert club.execute(LEFT).fetchone() == (2,)
        statement = "SELECT status FROM members_membershipapplication WHERE id = 3"
        assert club.execute(statement).fetchone() == ("pending",)
