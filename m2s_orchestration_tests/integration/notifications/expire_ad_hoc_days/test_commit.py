"""The decision is recorded whole, and only of days that are still unconfirmed at that instant."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from m2s_orchestration.delivery.ledger import Recorded
from m2s_orchestration.errors import ClubChanged
from m2s_orchestration.framework import story
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.notifications.expire_ad_hoc_days import notification
from m2s_orchestration.notifications.expire_ad_hoc_days.evaluate import OVER
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import insert

# Ten in the evening before the demo day.
EVENING = "2026-03-01T03:00:00Z"
DAY = "2026-03-01"
LIST = "address:members@highmeadowsoaring.example"
CONFIRM = "UPDATE duty_roster_dutyassignment SET is_confirmed = true WHERE date = '2026-03-01'"
DELIVERIES = """
SELECT recipient_key, state FROM m2s_orchestration.delivery ORDER BY recipient_key
"""
WAITS = """
SELECT 1 FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND application_name LIKE 'm2s commit%'
"""


@pytest.fixture
def club(database: Database) -> Iterator[Connection]:
    """The web application's own connection."""
    with database.connect("web application") as connection:
        yield connection


def decided(database: Database, as_of: str = EVENING) -> AbstractContextManager[NotificationRun]:
    """A run that has decided and recorded nothing yet."""
    return begun(notification, database, as_of)


def commit(database: Database, as_of: str = EVENING) -> Recorded:
    """What a whole run records."""
    with decided(database, as_of) as run:
        return run.commit()


def deliveries(club: Connection) -> dict[str, str]:
    """The state of what is recorded for each recipient."""
    return dict(club.execute(DELIVERIES).fetchall())


def number(club: Connection, table: str, where: str = "true") -> int:
    """How many rows of a table of the roster are so."""
    found = club.execute(f"SELECT count(*) FROM duty_roster_{table} WHERE {where}").fetchone()
    assert found is not None
    return int(found[0])


def day_id(club: Connection, day: str = DAY) -> int | None:
    """The id of that day's assignment, if it has one."""
    statement = "SELECT id FROM duty_roster_dutyassignment WHERE date = %s"
    found = club.execute(statement, (day,)).fetchone()
    return None if found is None else int(found[0])


def propose(club: Connection, day: str = DAY) -> int:
    """An extra day that nobody confirmed; returns its id."""
    return insert(club, "duty_roster_dutyassignment", date=day)


def ask(club: Connection, assignment_id: int | None, student_id: int) -> None:
    """A student's request for a day."""
    table, row = "duty_roster_instructionslot", {"assignment_id": assignment_id}
    insert(club, table, **row, student_id=student_id, status="pending")


def test_the_day_goes_with_all_that_hangs_on_it_and_everybody_concerned_is_to_be_told(
    database: Database, club: Connection
) -> None:
    gone = day_id(club)
    recorded = commit(database)
    assert (recorded.planned, recorded.changes, recorded.skipped) == (3, 1, 0)
    assert deliveries(club) == {LIST: "planned", "member:45": "planned", "member:53": "planned"}
    assert day_id(club) is None
    for table in ("dutyassignmentrole", "instructionslot"):
        assert number(club, table, f"assignment_id = {gone}") == 0
    for table in ("opsintent", "gliderreservation"):
        assert number(club, table, f"date = '{DAY}'") == 1


def test_another_proposed_day_and_every_other_row_stay(
    database: Database, club: Connection
) -> None:
    tables = ("dutyassignment", "dutyassignmentrole", "instructionslot")
    before = {table: number(club, table) for table in tables}
    commit(database)
    assert {table: before[table] - number(club, table) for table in tables} == {
        "dutyassignment": 1,
        "dutyassignmentrole": 1,
        "instructionslot": 2,
    }
    assert day_id(club, "2026-03-11")


def test_a_rehearsal_shows_the_change_and_makes_none(database: Database, club: Connection) -> None:
    with decided(database) as run:
        shown = str(story.of_decision(run.evaluation.decision)["to change"].value)
        assert "cancel_day" in shown
        assert "2026-03-01" in shown
        assert (run.rehearse().planned, run.rehearse().changes) == (3, 1)
    assert day_id(club)


def test_a_crew_that_confirms_before_the_commit_keeps_its_day_and_nobody_is_told(
    database: Database, club: Connection
) -> None:
    with decided(database) as run:
        club.execute(CONFIRM)
        recorded = run.commit()
    assert (recorded.planned, recorded.changes, recorded.skipped) == (0, 0, 0)
    assert deliveries(club) == {}
    assert number(club, "instructionslot", f"assignment_id = {day_id(club)}") == 2
    assert number(club, "dutyassignmentrole", f"assignment_id = {day_id(club)}") == 1


@pytest.mark.parametrize(("confirms", "told"), [(True, 0), (False, 3)])
def test_the_commit_waits_for_a_crew_that_is_just_confirming(
    database: Database, club: Connection, confirms: bool, told: int
) -> None:
    with (
        decided(database) as run,
        database.connect("watch") as watch,
        ThreadPoolExecutor() as pool,
    ):
        with club.transaction(force_rollback=not confirms):
            club.execute(CONFIRM)
            recording = pool.submit(run.commit)
            eventually(lambda: watch.execute(WAITS).fetchone())
        assert recording.result(timeout=10).planned == told
    assert bool(day_id(club)) is confirms
    assert len(deliveries(club)) == told


def test_who_is_passed_over_is_recorded_only_if_the_day_was_cancelled(
    database: Database, club: Connection
) -> None:
    club.execute("UPDATE members_member SET email = '' WHERE id = 45")
    with decided(database) as run:
        club.execute(CONFIRM)
        assert run.commit().skipped == 0
    assert deliveries(club) == {}
    club.execute(CONFIRM.replace("true", "false"))
    assert commit(database, "2026-03-01T03:30:00Z").skipped == 1
    assert deliveries(club)["member:45"] == "skipped"


def test_a_student_who_asked_since_undoes_the_decision_and_the_next_run_tells_them_too(
    database: Database, club: Connection
) -> None:
    with decided(database) as run:
        ask(club, day_id(club), 57)
        with pytest.raises(ClubChanged, match="instructionslot"):
            run.commit()
    assert day_id(club)
    assert deliveries(club) == {}
    assert commit(database).planned == 4
    assert deliveries(club)["member:57"] == "planned"


def test_a_day_that_is_proposed_and_cancelled_again_is_mailed_about_once(
    database: Database, club: Connection
) -> None:
    commit(database)
    ask(club, propose(club), 45)
    ask(club, day_id(club), 57)
    again = commit(database, "2026-03-02T03:00:00Z")
    assert day_id(club) is None
    assert (again.changes, again.planned, again.told_before) == (1, 1, 2)
    assert set(deliveries(club)) == {LIST, "member:45", "member:53", "member:57"}


def test_a_second_run_of_the_same_occurrence_decides_nothing_again(
    database: Database, club: Connection
) -> None:
    commit(database)
    propose(club)
    assert not commit(database).is_new
    assert day_id(club)


def test_a_day_long_over_goes_quietly(database: Database, club: Connection) -> None:
    club.execute(CONFIRM)
    ask(club, propose(club, "2025-12-30"), 57)
    recorded = commit(database)
    assert (recorded.planned, recorded.skipped, recorded.changes) == (0, 2, 1)
    assert deliveries(club) == {LIST: "skipped", "member:57": "skipped"}
    reasons = club.execute("SELECT DISTINCT reason FROM m2s_orchestration.delivery").fetchall()
    assert reasons == [(OVER,)]
    assert day_id(club, "2025-12-30") is None


@pytest.mark.parametrize(("confirms", "told"), [(True, 0), (False, 3)])
def test_without_a_mailing_list_the_operators_hear_if_the_day_was_cancelled(
    database: Database, club: Connection, confirms: bool, told: int
) -> None:
    club.execute("UPDATE siteconfig_siteconfiguration SET domain_name = ''")
    with decided(database) as run:
        if confirms:
            club.execute(CONFIRM)
        assert run.commit().planned == told
    assert ("address:operators@example.org" in deliveries(club)) is not confirms
