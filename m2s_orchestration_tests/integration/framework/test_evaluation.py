"""What a run reads of the club."""

from __future__ import annotations

import pytest

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.framework import Notification, Recipient
from m2s_orchestration.framework.evaluation import Evaluation, evaluate
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.notifications import NOTIFICATIONS, notification_named
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.integration.rows import add_member


def decide(club_database: str, name: str, moment: str) -> Evaluation:
    notification = notification_named(name)
    environment = {"DATABASE_URL": club_database, "EMAIL_HOST": "localhost"}
    with Database(club_database).connect("test") as connection:
        return evaluate(
            notification,
            connection,
            occurrence=notification.occurrence_at(parse_moment(moment)),
            settings=Settings.from_environment(environment),
            parameters=notification.parameters(),
        )


def test_of_the_members_those_are_read_whom_a_row_names(club_database: str) -> None:
    with Database(club_database).connect("test") as connection:
        stranger = add_member(connection)

    evaluation = decide(club_database, "notify_aging_logsheets", "2026-03-02T08:00:00Z")

    told = {message.recipient.key for message in evaluation.decision.messages}
    assert told
    assert told <= set(map(Recipient.key_of, evaluation.club.members))
    assert stranger not in evaluation.club.members


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda notification: notification.name)
@pytest.mark.parametrize("day", ["2025-12-01", "2026-03-01", "2026-03-02", "2026-03-06"])
def test_everybody_whom_it_speaks_of_is_known(
    club_database: str, notification: Notification, day: str
) -> None:
    # One of them reads in the ledger whom it has told.
    migrate(Database(club_database))

    decide(club_database, notification.name, f"{day}T12:00:00Z")
