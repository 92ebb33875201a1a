"""Runs of the web application's commands as real processes, on a real database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from m2s_orchestration.application import here
from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import BadSettings, LeaseHeld, NotMigrated
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.application.conftest import CLOSE, DUMPS, SUMMARIES, Run
from m2s_orchestration_tests.integration.rows import insert
from m2s_orchestration_tests.web_application import WebApplication


def locks(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT job_name FROM cronjob_locks ORDER BY job_name").fetchall()
    return [name for (name,) in rows]


def its_time_is_over_when(monkeypatch: pytest.MonkeyPatch, it_is: Callable[[], bool]) -> None:
    """Let an hour have passed for whoever waits for the command."""
    monkeypatch.setattr(here, "monotonic", lambda: time.monotonic() + 3600 * it_is())


def queue_summaries(connection: Connection, *statuses: str) -> None:
    connection.execute("DELETE FROM logsheet_finalizationemailoutbox")
    sheets = connection.execute("SELECT id FROM logsheet_logsheet ORDER BY id").fetchall()
    for (sheet,), status in zip(sheets, statuses, strict=False):
        insert(connection, "logsheet_finalizationemailoutbox", logsheet_id=sheet, status=status)


def test_a_command_is_run_with_its_arguments(
    run: Run, said: list[str], connection: Connection
) -> None:
    queue_summaries(connection)

    result = run(SUMMARIES)

    assert result.verdict.outcome == "done"
    assert said == [
        "hello process_finalization_email_outbox --limit=200 --verbosity=1",
        "process_finalization_email_outbox is done",
    ]
    assert result.output == tuple(said)
    assert locks(connection) == []


def test_while_it_works_it_has_its_own_lock_and_we_have_another(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()
    its_time_is_over_when(monkeypatch, seen.is_set)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, CLOSE, "wait")
        held = eventually(lambda: locks(connection)[1:] and locks(connection), within=60)
        seen.set()
        ended = running.result()

    assert held == ["close_billing_periods", "close_billing_periods@dagster"]
    assert "was not done after 0:05:00 and was ended" in str(ended.verdict.fault)


def test_an_error_of_the_command_is_a_failure_and_addresses_are_masked(
    run: Run, said: list[str], connection: Connection
) -> None:
    result = run(behaviour="fail")

    assert result.verdict.outcome == "incomplete"
    assert "exit status 1" in str(result.verdict.fault)
    assert said[0] == "j***@example.org <- undeliverable"
    assert said[-1] == "RuntimeError: something is wrong"
    assert "close_billing_periods@dagster" not in locks(connection)


def test_what_its_outbox_has_as_sent_is_done(run: Run, connection: Connection) -> None:
    queue_summaries(connection, "pending", "failed", "sent")

    result = run(SUMMARIES, "send_all")

    assert (result.verdict.outcome, result.verdict.change.done) == ("done", 2)


def test_what_failed_in_its_outbox_is_a_failure_although_it_says_0(
    run: Run, connection: Connection
) -> None:
    queue_summaries(connection, "pending", "pending")

    result = run(SUMMARIES, "send_none")

    assert result.verdict.outcome == "incomplete"
    assert "2 in its outbox failed" in str(result.verdict.fault)


def test_to_touch_nothing_that_waits_is_a_failure_although_it_says_0(
    run: Run, connection: Connection
) -> None:
    queue_summaries(connection, "pending")

    assert "touched none of the 1" in str(run(SUMMARIES).verdict.fault)


def test_the_outbox_of_files_is_read_as_well(run: Run, connection: Connection) -> None:
    for attempts, status in ((5, "failed"), (1, "processing"), (2, "ready")):
        insert(connection, "logsheet_statsdumpoutbox", status=status, attempt_count=attempts)

    result = run(DUMPS)

    assert result.verdict.outcome == "done"
    assert (result.verdict.change.given_up, result.verdict.change.waiting) == (1, 0)


def test_while_somebody_has_its_lock_it_is_not_started(
    run: Run, said: list[str], connection: Connection
) -> None:
    WebApplication(connection, CLOSE.name, owner="a-dead-pod-1").insert()

    with pytest.raises(LeaseHeld, match=r"locked by a-dead-pod-1 until .* all is well"):
        run()

    assert said == []
    assert locks(connection) == ["close_billing_periods"]


def test_it_waits_for_its_lock(run: Run, said: list[str], connection: Connection) -> None:
    lock = WebApplication(connection, CLOSE.name)
    lock.insert()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, wait=30)
        eventually(lambda: "close_billing_periods@dagster" in locks(connection))
        lock.ends()

        assert running.result().verdict.outcome == "done"
    assert said


def test_who_is_turned_away_at_the_last_moment_is_busy(
    run: Run, said: list[str], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CronJob's command takes the lock between our look and our start."""
    start = here.Here._start

    def overtaken(place: here.Here) -> object:
        WebApplication(connection, CLOSE.name, owner="cronjob-1").insert()
        return start(place)

    monkeypatch.setattr(here.Here, "_start", overtaken)

    result = run()

    assert said == ["close_billing_periods is locked"]
    assert (result.verdict.outcome, result.verdict.fault) == ("busy", None)
    assert "cronjob-1" in result.verdict.held


def test_of_two_runs_of_ours_one_starts_the_command(
    run: Run, database: Database, said: list[str]
) -> None:
    other = Lease(
        database,
        notification=CLOSE.lease_name,
        run_id="another",
        deadline=timedelta(minutes=5),
    )
    other.acquire(wait=timedelta(0))

    with pytest.raises(LeaseHeld, match=other.owner):
        run()

    assert said == []
    other.release()


def test_a_command_whose_time_is_over_is_told_to_end_and_its_lock_is_given_back(
    run: Run, said: list[str], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else gives it back before it lapses, and until then every run would find it held."""
    its_time_is_over_when(monkeypatch, lambda: bool(said))

    result = run(CLOSE, "wait")

    assert result.verdict.outcome == "incomplete"
    assert said == ["waiting", "told to end"]
    assert locks(connection) == []
    events = connection.execute(
        "SELECT event FROM m2s_orchestration.lease_event"
        " WHERE notification = 'close_billing_periods'"
    ).fetchall()
    assert events == [("cleared",)]


def test_who_does_not_listen_is_killed(
    run: Run, said: list[str], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(here, "GRACE", timedelta(seconds=0.5))
    its_time_is_over_when(monkeypatch, lambda: bool(said))

    result = run(CLOSE, "stubborn")

    assert result.verdict.outcome == "incomplete"
    assert said == ["not listening"]
    assert locks(connection) == []


def test_the_lock_of_another_is_not_given_back(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that we end never got it."""
    monkeypatch.setattr(here, "GRACE", timedelta(seconds=0.5))
    start = here.Here._start
    overtaking = threading.Event()

    def overtaken(place: here.Here) -> object:
        WebApplication(connection, CLOSE.name, owner="cronjob-1").insert()
        overtaking.set()
        return start(place)

    monkeypatch.setattr(here.Here, "_start", overtaken)

    run(replace(CLOSE, deadline=timedelta(seconds=0.1)))

    assert overtaking.is_set()
    assert locks(connection) == ["close_billing_periods"]


def test_what_cannot_be_started_is_a_matter_of_settings(run: Run) -> None:
    with pytest.raises(BadSettings, match=r"APPLICATION_COMMAND is '/no/such/python manage.py'"):
        run(APPLICATION_COMMAND="/no/such/python manage.py")


def test_without_settings_nothing_is_started(run: Run, connection: Connection) -> None:
    with pytest.raises(BadSettings, match="APPLICATION_IMAGE nor APPLICATION_COMMAND"):
        run(APPLICATION_COMMAND="")

    assert locks(connection) == []


def test_without_the_ledgers_tables_nothing_is_started(
    run: Run, said: list[str], empty_club_database: str
) -> None:
    with pytest.raises(NotMigrated):
        run(DATABASE_URL=empty_club_database)

    assert said == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_can_read_its_outbox_with_the_rights_of_any_reader(
    run: Run, command: object, connection: Connection
) -> None:
    connection.execute("DELETE FROM logsheet_finalizationemailoutbox")

    assert run(command).verdict.outcome == "done"


def test_a_lock_that_lapsed_stops_nobody(run: Run, connection: Connection) -> None:
    dead = WebApplication(connection, CLOSE.name, ahead=timedelta(hours=-1))
    dead.insert()

    assert run().verdict.outcome == "done"
