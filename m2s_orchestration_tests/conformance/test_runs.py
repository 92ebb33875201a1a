"""Rehearsals leave no trace, second runs send nothing, an empty club is no fault."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.framework import Notification
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.conformance.lives import (
    contents,
    every_notification,
    lived,
    run_of,
    settings,
)
from m2s_orchestration_tests.integration.rows import add_club
from m2s_orchestration_tests.smtp_server import SmtpServer

SET_ZONE = "UPDATE siteconfig_siteconfiguration SET club_timezone = %s"
DIARY = "m2s_orchestration.lease_event"
ZONES = ("America/Los_Angeles", "Pacific/Auckland")


@pytest.fixture
def unanswered() -> Iterator[socket.socket]:
    """A port on which a mail server might listen, and on which nobody must call."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@every_notification
def test_a_rehearsal_writes_nothing_and_calls_no_mail_server(
    notification: Notification, database: Database, unanswered: socket.socket
) -> None:
    environment = settings(database.conninfo, unanswered.getsockname()[1])
    with database.connect("conformance") as club:
        before = contents(club)
        with run_of(notification, environment, dry_run=True) as run:
            run.begin()
            report = run.rehearse()
        assert contents(club) == before
    assert report.outcome == "rehearsal"
    assert report.planned + report.changes > 0
    with pytest.raises(BlockingIOError):
        unanswered.accept()


@every_notification
def test_a_second_run_sends_and_changes_nothing(
    notification: Notification, database: Database
) -> None:
    with SmtpServer() as server, database.connect("conformance") as club:
        environment = settings(database.conninfo, server.port)
        first = lived(notification, environment)
        sent, before = len(server.accepted), contents(club)
        # That somebody held the lease once more is noted, and that is all.
        del before[DIARY]
        again = lived(notification, environment)
        assert first.sent == sent
        assert (again.sent, len(server.accepted)) == (0, sent)
        after = contents(club)
        assert {table: after[table] for table in before} == before


@pytest.mark.parametrize("zone", ZONES)
@every_notification
def test_a_minute_later_nobody_is_told_again_wherever_the_club_is(
    notification: Notification, zone: str, database: Database
) -> None:
    with SmtpServer() as server, database.connect("conformance") as club:
        club.execute(SET_ZONE, (zone,))
        environment = settings(database.conninfo, server.port)
        lived(notification, environment)
        told = len(server.accepted)
        again = lived(notification, environment, later=timedelta(minutes=1))
        assert (again.planned, again.sent, len(server.accepted)) == (0, 0, told)


@every_notification
def test_a_club_in_which_nobody_is_has_nothing_to_say(
    notification: Notification, empty_club_database: str, unanswered: socket.socket
) -> None:
    with Database(empty_club_database).connect("conformance") as club:
        add_club(club)
    migrate(Database(empty_club_database))
    environment = settings(empty_club_database, unanswered.getsockname()[1])
    report = lived(notification, environment)
    assert (report.outcome, report.planned, report.changes) == ("nothing_to_send", 0, 0)
    with pytest.raises(BlockingIOError):
        unanswered.accept()
