"""What a move would do, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from m2s_orchestration.delivery.cutover import Moved, move, move_back, until_free
from m2s_orchestration.errors import BadParameter, LeaseHeld, UnlawfulCutover
from m2s_orchestration.framework.cutover import Prospect, move_over, prospect
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.notifications import notify_aging_logsheets, notify_late_sprs
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.integration.rows import insert
from m2s_orchestration_tests.web_application import POD, WebApplication

AGING = notify_aging_logsheets.notification
LATE = notify_late_sprs.notification
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SETTINGS = Settings.from_environment(
    {
        "DATABASE_URL": "postgresql://localhost/club",
        "EMAIL_HOST": "localhost",
        "DEFAULT_FROM_EMAIL": "noreply@example.org",
        "SITE_URL": "https://www.example.org",
    }
)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect("test") as connection:
        yield connection


def found(connection: Connection, notification: Notification = AGING, first: str = "") -> Prospect:
    return prospect(notification, connection, settings=SETTINGS, first=first, now=NOON)


def day(number: int, hour: int = 8) -> datetime:
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def test_the_next_occurrence_is_the_first_of_ours(connection: Connection) -> None:
    told = found(connection)

    assert (told.effective_from, told.before, told.asked_for) == (day(3), day(2), None)
    assert (told.told, told.held, told.current, told.has_moved) == ((), None, None, False)


@pytest.mark.parametrize(
    "first", ["2026-03-02-08:00", "2026-03-02T08:00Z", "2026-03-02T03:00-05:00"]
)
def test_a_person_may_name_it(first: str, connection: Connection) -> None:
    told = found(connection, first=first)

    assert (told.effective_from, told.before, told.asked_for) == (day(2), day(1), day(2))


def test_it_has_to_be_a_tick(connection: Connection) -> None:
    with pytest.raises(BadParameter, match="nearest are 2026-03-02-08:00 and 2026-03-03-08:00"):
        found(connection, first="2026-03-02-12:00")


def test_it_is_not_later_than_the_next_tick(connection: Connection) -> None:
    """Until then nobody would serve it: the old command is kept out from the move on."""
    with pytest.raises(BadParameter, match=r"later than the next tick of .*, 2026-03-03-08:00"):
        found(connection, first="2026-03-04-08:00")


def test_who_runs_it_is_seen(connection: Connection) -> None:
    WebApplication(connection, AGING.name).insert()

    held = found(connection).held

    assert held is not None
    assert held.owner == POD


def test_what_replaces_no_cronjob_cannot_be_moved(connection: Connection) -> None:
    with pytest.raises(UnlawfulCutover, match="replaces no CronJob"):
        found(connection, replace(AGING, replaces=None))


def notice(connection: Connection, member_id: int, at: str) -> None:
    """What the old command leaves of a mail."""
    insert(
        connection,
        "notifications_notification",
        user_id=member_id,
        message="1 overdue Student Progress Report(s)",
        url="/instructors/",
        created_at=at,
    )


def test_whom_the_old_command_told_at_the_last_moment_is_recorded_too(
    connection: Connection, database: Database
) -> None:
    """It was at work when we looked, and told somebody more before it gave its lock back."""
    before = len(found(connection, LATE).told)
    lock = WebApplication(connection, LATE.name)
    lock.insert()

    refused = Event()

    def over() -> Moved:
        with database.connect("moving") as other:
            try:
                _, moved = move_over(
                    LATE, other, settings=SETTINGS, first="", person="Jane", now=NOON
                )
            except LeaseHeld:
                refused.set()
                raise
            return moved

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(until_free, over, wait=timedelta(seconds=20))
        assert refused.wait(timeout=20)
        notice(connection, 3, "2026-03-02T10:00:04Z")
        lock.ends()

        assert waiting.result() == Moved(is_new=True, imported=before + 1)


def test_each_notice_tells_of_the_run_that_wrote_it(connection: Connection) -> None:
    connection.execute("DELETE FROM notifications_notification")
    notice(connection, 3, "2026-03-02T10:00:04Z")
    notice(connection, 5, "2026-02-25T18:00Z")

    first, second = found(connection, LATE).told

    assert (first.recipient_key, first.tick, first.period) == (
        *("member:3", day(2, 10), "2026-03-02"),
    )
    # Somebody started the command by hand on a Wednesday: it is of the week's run.
    assert second.period == "2026-02-23"
    assert second.told_at == datetime(2026, 2, 25, 18, tzinfo=UTC)


def test_what_we_told_ourselves_is_no_proof_of_theirs(connection: Connection) -> None:
    """The notices of before are those of our own runs, if it was ours before."""
    before = len(found(connection, LATE).told)
    move(
        connection,
        notification=LATE.name,
        effective_from=day(9, 10),
        person="Jane",
    )
    move_back(connection, notification=LATE.name, person="Jane")

    again = found(connection, LATE)

    assert before > 0
    assert (again.told, again.has_moved) == ((), False)
