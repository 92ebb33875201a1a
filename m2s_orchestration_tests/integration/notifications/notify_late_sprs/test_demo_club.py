"""The Monday after the demo day: what the demo club's instructors still owe."""

from __future__ import annotations

import pytest

from m2s_orchestration.framework.decision import Decision
from m2s_orchestration.framework.evaluation import evaluate
from m2s_orchestration.framework.occurrence import parse_moment
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.notifications.notify_late_sprs import notification
from m2s_orchestration.notifications.notify_late_sprs.evaluate import Copy, Facts
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

MONDAY = parse_moment("2026-03-02T10:00:00Z")


@pytest.fixture
def settings(club_database: str) -> Settings:
    return Settings.from_environment({"DATABASE_URL": club_database, "EMAIL_HOST": "localhost"})


def decide(settings: Settings, **parameters: object) -> Decision:
    with Database(settings.database).connect("test") as connection:
        return evaluate(
            notification,
            connection,
            occurrence=notification.occurrence_at(MONDAY),
            settings=settings,
            parameters=checked(notification.parameters, parameters),
        ).decision


def ages(decision: Decision) -> dict[str, list[tuple[str, int]]]:
    return {
        message.recipient.key: [(report.level, report.age) for report in message.facts.reports]
        for message in decision.messages
        if isinstance(message.facts, Facts)
    }


def test_every_level_is_told_to_its_instructor(settings: Settings) -> None:
    decision = decide(settings)
    assert ages(decision) == {
        "member:4": [("NOTICE", 9), ("NOTICE", 8)],
        "member:5": [("FINAL", 51), ("FINAL", 30)],
        "member:3": [("URGENT", 29), ("WARNING", 23)],
        "member:6": [("WARNING", 22)],
        "member:8": [("FINAL", 79)],
        "member:7": [("REMINDER", 15)],
        "member:2": [("REMINDER", 16), ("NOTICE", 8)],
    }
    counts = {notice.member_id: notice.count for notice in decision.notices}
    assert counts == {4: 2, 5: 2, 3: 2, 6: 1, 8: 1, 7: 1, 2: 2}


def test_an_instructor_who_left_is_a_matter_for_the_operators(settings: Settings) -> None:
    decision = decide(settings)
    assert [skip.recipient.key for skip in decision.passed_over] == ["member:71"]
    (untold,) = decision.untold
    assert "2025-12-14" in untold.item
    assert "member 71" in untold.reason


def test_a_shorter_window_forgets_the_older_ones(settings: Settings) -> None:
    assert set(ages(decide(settings, max_days=14))) == {"member:4", "member:2"}
    assert ages(decide(settings, max_days=120))["member:6"] == [("FINAL", 107), ("WARNING", 22)]


def test_the_directors_may_have_copies_of_final_notices(settings: Settings) -> None:
    decision = decide(settings, escalation_cc={"FINAL": ["director", "member_manager"]})
    copies = {
        message.recipient.key: [debtor.instructor.id for debtor in message.facts.debtors]
        for message in decision.messages
        if isinstance(message.facts, Copy)
    }
    assert copies
    assert set(map(tuple, copies.values())) == {(5, 8, 71)}
    assert not decision.untold
