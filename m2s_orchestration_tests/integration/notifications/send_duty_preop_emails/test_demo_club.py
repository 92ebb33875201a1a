"""The night before the training week: what the demo club's people hear of its Monday."""

from __future__ import annotations

import pytest

from m2s_orchestration.framework.decision import Decision
from m2s_orchestration.framework.evaluation import evaluate
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.notifications.send_duty_preop_emails import notification
from m2s_orchestration.notifications.send_duty_preop_emails.evaluate import CrewFacts, FlyerFacts
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings


@pytest.fixture
def settings(club_database: str) -> Settings:
    return Settings.from_environment({"DATABASE_URL": club_database, "EMAIL_HOST": "localhost"})


def decide(settings: Settings, at: str = "2026-03-01T06:00:00Z", **parameters: object) -> Decision:
    with Database(settings.database).connect("test") as connection:
        return evaluate(
            notification,
            connection,
            occurrence=notification.occurrence_at(parse_moment(at)),
            settings=settings,
            parameters=checked(notification.parameters, parameters),
        ).decision


def crew(decision: Decision) -> dict[str, tuple[str, ...]]:
    return {
        message.recipient.key: message.facts.titles
        for message in decision.messages
        if isinstance(message.facts, CrewFacts)
    }


def flyers(decision: Decision) -> list[str]:
    return [
        message.recipient.name
        for message in decision.messages
        if isinstance(message.facts, FlyerFacts)
    ]


def test_everybody_on_the_crew_hears_of_every_role_of_theirs(settings: Settings) -> None:
    decision = decide(settings)
    assert crew(decision) == {
        "member:2": ("Instructor",),
        "member:9": ("Tow Pilot",),
        "member:11": ("Surge Tow Pilot", "Commercial Pilot"),
        "member:17": ("Duty Officer",),
        "member:24": ("Assistant Duty Officer", "Grid Marshal"),
    }
    assert [len(message.attachments) for message in decision.messages[:5]] == [1, 1, 2, 1, 2]
    assert not decision.untold


def test_who_flies_hears_once_at_each_address(settings: Settings) -> None:
    decision = decide(settings)
    assert "Ingrid and Walter" in flyers(decision)
    assert len(flyers(decision)) == 8
    assert len(decision.passed_over) == 3
    assert all(message.period == "2026-03-02" for message in decision.messages)


def test_the_day_is_told_as_the_club_has_it(settings: Settings) -> None:
    facts = decide(settings).messages[0].facts
    assert isinstance(facts, CrewFacts)
    day = facts.briefing
    assert [reserved.when for reserved in day.reservations] == ["1:30 PM", "morning", "afternoon"]
    assert [len(day.grounded), len(day.expired), len(day.upcoming)] == [3, 2, 3]
    assert [student.request for student in day.students] == [
        "confirmed",
        "pending",
        "on the waiting list",
    ]


def test_an_extra_day_that_nobody_confirmed_is_not_told_of(settings: Settings) -> None:
    assert not decide(settings, "2026-02-28T12:00:00Z").messages
    assert not decide(settings, target_date="2026-03-11").messages


def test_another_day_may_be_told_of(settings: Settings) -> None:
    decision = decide(settings, target_date="2026-03-07")
    assert decision.periods == ("2026-03-07",)
    assert set(crew(decision)) == {"member:6", "member:10", "member:19", "member:28"}
