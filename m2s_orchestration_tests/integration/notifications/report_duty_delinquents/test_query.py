"""Who flies and does no duty, by real calendar months."""

from __future__ import annotations

from datetime import date

import pytest

from m2s_orchestration.notifications.report_duty_delinquents import notification
from m2s_orchestration.notifications.report_duty_delinquents.evaluate import Parameters
from m2s_orchestration.notifications.report_duty_delinquents.rows import Delinquent, MemberManager
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.rows import add_airfield, add_member, insert

CREW = (
    *("duty_officer_id", "assistant_duty_officer_id", "duty_instructor_id"),
    *("surge_instructor_id", "tow_pilot_id", "surge_tow_pilot_id"),
)


def found(
    connection: Connection, club_date: str = "2026-03-01", **parameters: object
) -> list[Delinquent]:
    binds = Parameters.model_validate(parameters).model_dump()
    return notification.queries["delinquents"].fetch(
        connection, Delinquent, club_date=date.fromisoformat(club_date), **binds
    )


def add_flyer(connection: Connection, **values: object) -> int:
    return add_member(connection, **{"joined_club": "2010-05-01", **values})


def add_sheet(connection: Connection, log_date: str, **values: object) -> int:
    """A finalized sheet at an airfield of its own, so that days may repeat."""
    creator = add_member(connection)
    return insert(
        connection,
        "logsheet_logsheet",
        log_date=log_date,
        **{
            "finalized": True,
            "airfield_id": add_airfield(connection, f"K{creator}"),
            "created_by_id": creator,
            **values,
        },
    )


def fly(connection: Connection, pilot: int, *days: str, **values: object) -> None:
    """One flight of the pilot on each day."""
    for day in days:
        sheet = add_sheet(connection, day)
        insert(connection, "logsheet_flight", logsheet_id=sheet, pilot_id=pilot, **values)


THREE_DAYS = ("2025-06-01", "2025-08-01", "2026-02-22")


def test_who_flew_and_did_no_duty_is_found_with_their_flying(connection: Connection) -> None:
    pilot = add_flyer(connection)
    fly(connection, pilot, *THREE_DAYS, "2024-01-01")
    assert found(connection) == [
        Delinquent(pilot, date(2010, 5, 1), flights=3, latest_flight=date(2026, 2, 22))
    ]


@pytest.mark.parametrize(
    ("club_date", "months", "first_day", "day_before"),
    [
        ("2026-03-01", 12, "2025-03-01", "2025-02-28"),
        ("2026-03-31", 1, "2026-02-28", "2026-02-27"),
        ("2028-02-29", 12, "2027-02-28", "2027-02-27"),
        ("2029-02-28", 12, "2028-02-28", "2028-02-27"),
        ("2026-03-01", 6, "2025-09-01", "2025-08-31"),
    ],
)
def test_the_lookback_is_in_calendar_months_and_includes_its_first_day(
    connection: Connection, club_date: str, months: int, first_day: str, day_before: str
) -> None:
    inside, outside = add_flyer(connection), add_flyer(connection)
    fly(connection, inside, first_day)
    fly(connection, outside, day_before)
    rows = found(connection, club_date, lookback_months=months, min_flights=1)
    assert [row.member_id for row in rows] == [inside]


@pytest.mark.parametrize(
    ("club_date", "joined", "is_listed"),
    [
        ("2026-03-01", "2025-12-01", False),
        ("2026-03-01", "2025-11-30", True),
        ("2028-05-29", "2028-02-29", False),
        ("2028-05-29", "2028-02-28", True),
        ("2028-05-31", "2028-02-29", False),
        ("2026-03-01", None, True),
    ],
)
def test_who_joined_three_calendar_months_ago_or_later_is_left_out(
    connection: Connection, club_date: str, joined: str | None, is_listed: bool
) -> None:
    pilot = add_flyer(connection, joined_club=joined)
    fly(connection, pilot, club_date)
    assert bool(found(connection, club_date, min_flights=1)) is is_listed


def test_too_few_flights_and_flights_on_open_sheets_do_not_count(connection: Connection) -> None:
    pilot = add_flyer(connection)
    fly(connection, pilot, *THREE_DAYS[:2])
    sheet = add_sheet(connection, "2026-02-20", finalized=False)
    insert(connection, "logsheet_flight", logsheet_id=sheet, pilot_id=pilot)
    assert found(connection) == []
    assert len(found(connection, min_flights=2)) == 1


@pytest.mark.parametrize("role", CREW)
def test_any_role_on_a_sheet_is_duty(connection: Connection, role: str) -> None:
    pilot = add_flyer(connection)
    fly(connection, pilot, *THREE_DAYS)
    add_sheet(connection, "2025-03-01", **{role: pilot})
    assert found(connection) == []


@pytest.mark.parametrize("role", ["instructor_id", "tow_pilot_id"])
def test_to_instruct_or_tow_on_a_flight_is_duty(connection: Connection, role: str) -> None:
    pilot, other = add_flyer(connection), add_flyer(connection)
    fly(connection, pilot, *THREE_DAYS)
    fly(connection, other, "2025-03-01", **{role: pilot})
    assert found(connection) == []


def test_duty_on_an_open_sheet_or_before_the_lookback_does_not_count(
    connection: Connection,
) -> None:
    pilot = add_flyer(connection)
    fly(connection, pilot, *THREE_DAYS)
    add_sheet(connection, "2026-02-21", finalized=False, duty_officer_id=pilot)
    add_sheet(connection, "2025-02-28", duty_officer_id=pilot)
    assert [row.member_id for row in found(connection)] == [pilot]


def test_to_be_on_the_roster_is_not_duty_done(connection: Connection) -> None:
    pilot = add_flyer(connection)
    fly(connection, pilot, *THREE_DAYS)
    insert(connection, "duty_roster_dutyassignment", date="2026-02-21", duty_officer_id=pilot)
    assert [row.member_id for row in found(connection)] == [pilot]


@pytest.mark.parametrize(
    "values",
    [
        {"membership_status": "Inactive"},
        {"membership_status": None},
        {"membership_status": "Emeritus Member"},
        {"treasurer": True},
    ],
)
def test_the_inactive_the_treasurer_and_the_exempt_are_left_out(
    connection: Connection, values: dict[str, object]
) -> None:
    fly(connection, add_flyer(connection, **values), *THREE_DAYS)
    assert found(connection) == []


def test_the_exempt_statuses_are_those_of_the_run(connection: Connection) -> None:
    full = add_flyer(connection)
    emeritus = add_flyer(connection, membership_status="Emeritus Member")
    for pilot in (full, emeritus):
        fly(connection, pilot, *THREE_DAYS)
    assert {row.member_id for row in found(connection, exempt_statuses=[])} == {full, emeritus}
    exempt = found(connection, exempt_statuses=["Full Member"])
    assert [row.member_id for row in exempt] == [emeritus]


def test_the_largest_parameters_are_dates_that_the_database_knows(connection: Connection) -> None:
    assert found(connection, lookback_months=1200, min_membership_months=1200) == []


def test_member_managers_of_any_status_are_read(connection: Connection) -> None:
    managers = [
        add_member(connection, member_manager=True, membership_status=status)
        for status in ("Full Member", "Inactive")
    ]
    add_member(connection)
    rows = notification.queries["member_managers"].fetch(connection, MemberManager)
    assert [row.member_id for row in rows] == managers
