"""Which aircraft meister reads what of the fleet's open issues."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from m2s_orchestration.club.club import Club
from m2s_orchestration.framework import Decision, Message, Parameters
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.notifications.send_maintenance_digest import notification
from m2s_orchestration.notifications.send_maintenance_digest.evaluate import Facts, Line, evaluate
from m2s_orchestration.notifications.send_maintenance_digest.rows import Issue, Meister, Rows
from m2s_orchestration_tests.factories import club, member, occurrence

SUNDAY = "2026-03-01T09:00:00Z"
FOUR = club(*(member(id) for id in range(1, 5)))
ZONES = (
    *("America/Los_Angeles", "America/Denver", "America/New_York", "UTC", "Pacific/Auckland"),
    *("Pacific/Honolulu", "Pacific/Kiritimati"),
)


def issue(id: int = 1, **values: Any) -> Issue:
    """An operational issue of glider 1 unless told otherwise; its description is its number."""
    defaults: dict[str, Any] = {
        "report_date": date(2026, 2, 1),
        "description": f"Issue {id}",
        "grounded": False,
        "glider_id": None if "towplane_id" in values else 1,
        "towplane_id": None,
    }
    found = {**defaults, **values}
    labels = {
        "glider": f"G{found['glider_id']}" if found["glider_id"] else "",
        "towplane": f"Tug{found['towplane_id']}" if found["towplane_id"] else None,
    }
    return Issue(**{"id": id, **labels, **found})


def glider_meister(member_id: int, glider_id: int = 1) -> Meister:
    return Meister(member_id, glider_id, None)


def tow_meister(member_id: int, towplane_id: int = 1) -> Meister:
    return Meister(member_id, None, towplane_id)


def decide(
    *issues: Issue, by: tuple[Meister, ...], within: Club = FOUR, at: str = SUNDAY
) -> Decision:
    moment = occurrence(at, notification=notification.name, cron=notification.cron)
    return evaluate(Rows(issues, by), moment, within, Parameters())


def facts(message: Message) -> Facts:
    assert isinstance(message.facts, Facts)
    return message.facts


def read(lines: tuple[Line, ...]) -> list[str]:
    return [line.description.removeprefix("Issue ") for line in lines]


def told(decision: Decision) -> dict[str, tuple[list[str], list[str]]]:
    """The numbers of the issues that each recipient reads, of their own aircraft and of others."""
    return {
        message.recipient.key: (read(facts(message).own), read(facts(message).others))
        for message in decision.messages
    }


def test_each_meister_reads_of_their_own_aircraft_first_and_then_of_the_others() -> None:
    decision = decide(
        issue(1), issue(2, glider_id=2), by=(glider_meister(1), glider_meister(2, glider_id=2))
    )
    assert told(decision) == {"member:1": (["1"], ["2"]), "member:2": (["2"], ["1"])}


def test_what_is_grounded_comes_first_in_each_part_and_then_the_oldest_report() -> None:
    decision = decide(
        issue(1, report_date=date(2026, 2, 3)),
        issue(2, report_date=date(2026, 2, 2)),
        issue(3, report_date=date(2026, 2, 4), grounded=True),
        issue(4, report_date=date(2026, 2, 4), grounded=True),
        issue(5, report_date=date(2025, 2, 1), glider_id=2),
        issue(6, report_date=date(2026, 2, 9), glider_id=3, grounded=True),
        by=(glider_meister(1), glider_meister(2, glider_id=3)),
    )
    assert told(decision)["member:1"] == (["3", "4", "2", "1"], ["6", "5"])


def test_an_issue_of_both_kinds_reaches_the_meisters_of_both() -> None:
    decision = decide(issue(1, glider_id=1, towplane_id=1), by=(glider_meister(1), tow_meister(2)))
    assert told(decision) == {"member:1": (["1"], []), "member:2": (["1"], [])}
    assert facts(decision.messages[0]).own[0].aircraft == "G1 and Tug1"


def test_a_glider_and_a_towplane_of_the_same_number_are_two_aircraft() -> None:
    decision = decide(issue(1), issue(2, towplane_id=1), by=(glider_meister(1), tow_meister(2)))
    assert told(decision) == {"member:1": (["1"], ["2"]), "member:2": (["2"], ["1"])}


def test_the_meister_of_several_aircraft_gets_one_message() -> None:
    everything = (glider_meister(1), glider_meister(1), tow_meister(1), Meister(1, 2, 2))
    decision = decide(issue(1), issue(2, towplane_id=1), issue(3, glider_id=2), by=everything)
    assert told(decision) == {"member:1": (["1", "2", "3"], [])}


def test_two_meisters_of_one_address_get_a_message_each_of_their_own_aircraft() -> None:
    couple = club(member(1, email="both@example.org"), member(2, email=" Both@Example.org"))
    decision = decide(
        *(issue(1), issue(2, towplane_id=1)),
        by=(glider_meister(1), tow_meister(2)),
        within=couple,
    )
    assert told(decision) == {"member:1": (["1"], ["2"]), "member:2": (["2"], ["1"])}


def test_nobody_hears_whose_aircraft_have_no_open_issue() -> None:
    decision = decide(issue(1), by=(glider_meister(1), glider_meister(2, glider_id=9)))
    assert set(told(decision)) == {"member:1"}


def test_an_issue_without_an_aircraft_is_listed_as_unassigned() -> None:
    decision = decide(issue(1), issue(2, glider_id=None), by=(glider_meister(1),))
    assert [line.aircraft for line in facts(decision.messages[0]).others] == ["Unassigned"]
    assert not decision.untold


def test_who_is_not_active_or_has_no_address_is_passed_over_with_the_reason() -> None:
    within = club(
        member(1),
        member(2, membership_status="Inactive"),
        member(3, email=" "),
        member(4, email="@"),
    )
    decision = decide(issue(1), by=tuple(map(glider_meister, range(1, 5))), within=within)
    assert set(told(decision)) == {"member:1"}
    assert [skip.recipient.key for skip in decision.passed_over] == [
        *("member:2", "member:3", "member:4")
    ]
    assert "Inactive" in decision.passed_over[0].reason
    assert decision.passed_over[1].reason == "the address is blank"
    assert not decision.untold


def test_a_grounded_aircraft_without_a_meister_goes_to_the_operators_once() -> None:
    decision = decide(
        issue(1),
        issue(2, glider_id=2, grounded=True, report_date=date(2026, 2, 5)),
        issue(3, glider_id=2, grounded=True, report_date=date(2026, 2, 3)),
        issue(4, glider_id=2, report_date=date(2026, 2, 1)),
        issue(5, glider_id=3),
        by=(glider_meister(1),),
    )
    (untold,) = decision.untold
    assert (untold.item, untold.reason) == ("G2: grounded since 2026-02-03", "it has no meister")


def test_a_grounded_aircraft_whose_meisters_cannot_be_mailed_is_named_with_the_reasons() -> None:
    within = club(member(1), member(2, email=""), member(3, membership_status="Deceased"))
    decision = decide(
        *(issue(1), issue(2, towplane_id=7, grounded=True)),
        by=(glider_meister(1), tow_meister(2, 7), tow_meister(3, 7)),
        within=within,
    )
    (untold,) = decision.untold
    assert untold.item.startswith("Tug7: grounded")
    assert untold.reason == (
        "member 2: the address is blank; member 3: membership status 'Deceased' is not active"
    )


def test_of_a_grounding_of_both_kinds_the_one_without_a_meister_is_named() -> None:
    decision = decide(issue(1, glider_id=1, towplane_id=1, grounded=True), by=(glider_meister(1),))
    assert [untold.item for untold in decision.untold] == ["Tug1: grounded since 2026-02-01"]


def test_a_grounding_that_names_no_aircraft_goes_to_the_operators() -> None:
    decision = decide(issue(1), issue(2, glider_id=None, grounded=True), by=(glider_meister(1),))
    (untold,) = decision.untold
    assert untold.item == "Unassigned: grounded since 2026-02-01"
    assert untold.reason == "the report names no aircraft"


def test_the_operators_hear_of_everything_when_no_meister_can_be_mailed() -> None:
    decision = decide(issue(1), issue(2, towplane_id=1), issue(3, glider_id=None), by=())
    assert not decision.messages
    assert [untold.item.partition(":")[0] for untold in decision.untold] == [
        *("G1", "Tug1", "Unassigned")
    ]
    assert "open issues since 2026-02-01" in decision.untold[0].item


def test_a_sound_fleet_is_worth_no_mail() -> None:
    decision = decide(by=(glider_meister(1),))
    assert decision == Decision(found={"open_issues": 0, "grounded_issues": 0, "meisters": 0})


def test_it_writes_no_notices_and_changes_nothing() -> None:
    decision = decide(issue(1), by=(glider_meister(1),))
    assert (decision.notices, decision.changes) == ((), ())


@pytest.mark.parametrize(
    ("zone", "club_date"),
    [
        ("Pacific/Honolulu", "2026-02-28"),
        ("America/Los_Angeles", "2026-03-01"),
        ("America/New_York", "2026-03-01"),
        ("UTC", "2026-03-01"),
        ("Pacific/Auckland", "2026-03-01"),
    ],
)
def test_the_date_is_the_clubs(zone: str, club_date: str) -> None:
    decision = decide(issue(1), by=(glider_meister(1),), within=club(member(1), zone=zone))
    assert facts(decision.messages[0]).club_date == date.fromisoformat(club_date)
    assert decision.periods == (club_date,)


@pytest.mark.parametrize(
    ("at", "club_date"),
    [
        ("2026-03-08T07:59:59Z", "2026-03-07"),  # Los Angeles, the second before midnight
        ("2026-03-08T08:00:00Z", "2026-03-08"),
        ("2026-03-08T10:00:00Z", "2026-03-08"),  # clocks go forward
        ("2026-03-09T06:59:59Z", "2026-03-08"),
        ("2026-11-01T06:59:59Z", "2026-10-31"),
        ("2026-11-01T09:30:00Z", "2026-11-01"),  # clocks go back
        ("2026-11-02T07:59:59Z", "2026-11-01"),
        ("2028-02-29T09:00:00Z", "2028-02-29"),
    ],
)
def test_the_date_begins_at_midnight_in_the_club(at: str, club_date: str) -> None:
    within = club(member(1), zone="America/Los_Angeles")
    decision = decide(issue(1), by=(glider_meister(1),), within=within, at=at)
    assert facts(decision.messages[0]).club_date.isoformat() == club_date


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [2026, 2027])
def test_every_week_has_one_digest_whenever_somebody_runs_it(zone: str, year: int) -> None:
    """Also in the weeks in which clocks change: the periods of a tick's week are the tick's."""
    within = club(member(1), zone=zone)
    start = datetime(year, 1, 1, tzinfo=UTC)
    ticks = ticks_between(notification.cron, start, start + timedelta(days=366))
    periods: list[tuple[str, ...]] = []
    for tick in ticks:
        moments = (tick + timedelta(hours=hours) for hours in (0, 1, 12, 24, 100, 167))
        found = {
            decide(issue(1), by=(glider_meister(1),), within=within, at=moment.isoformat()).periods
            for moment in moments
        }
        assert len(found) == 1
        periods.extend(found)
    assert len(set(periods)) == len(ticks) == 52


PEOPLE = st.lists(
    st.tuples(st.sampled_from(["Full Member", "Inactive"]), st.sampled_from(["", "a@b.org"])),
    min_size=4,
    max_size=4,
)
ISSUES = st.lists(
    st.builds(
        issue,
        st.integers(1, 99),
        glider_id=st.none() | st.integers(1, 3),
        towplane_id=st.none() | st.integers(1, 3),
        grounded=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda found: found.id,
)
MEISTERS = st.lists(
    st.builds(
        Meister,
        st.integers(1, 4),
        glider_id=st.none() | st.integers(1, 4),
        towplane_id=st.none() | st.integers(1, 4),
    ),
    max_size=6,
)


@given(ISSUES, MEISTERS, PEOPLE)
def test_every_message_lists_every_issue_once_and_no_grounding_is_lost(
    issues: list[Issue], meisters: list[Meister], people: list[tuple[str, str]]
) -> None:
    members = [
        member(id, membership_status=status, email=email)
        for id, (status, email) in enumerate(people, start=1)
    ]
    decision = decide(*issues, by=tuple(meisters), within=club(*members))
    everything = sorted(str(found.id) for found in issues)
    skipped = [skip.recipient.key for skip in decision.passed_over]
    assert len({*told(decision), *skipped}) == len(decision.messages) + len(skipped)
    assert all(sorted(own + others) == everything for own, others in told(decision).values())
    assert all(own for own, _ in told(decision).values())
    heard = {number for own, _ in told(decision).values() for number in own}
    named = {untold.item.partition(":")[0] for untold in decision.untold}
    for found in issues:
        labels = set(found.labels.values()) or {"Unassigned"}
        assert not found.grounded or str(found.id) in heard or labels <= named
        assert decision.messages or labels <= named
