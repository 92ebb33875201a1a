"""Which requests are found, and who may take their duty."""

from __future__ import annotations

from datetime import date

import pytest

from m2s_orchestration.notifications.remind_open_swap_requests import notification
from m2s_orchestration.notifications.remind_open_swap_requests.rows import Reader, Request
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import add_member, insert

TODAY = date(2026, 3, 1)
KEY = "grid_marshal"


def ask(connection: Connection, requester_id: int, **values: object) -> int:
    row: dict[str, object] = {
        "role": "TOW",
        "original_date": "2026-03-07",
        "status": "open",
        "request_type": "general",
        "requester_id": requester_id,
        **values,
    }
    return insert(connection, "duty_roster_dutyswaprequest", **row)


def ask_for_own_role(connection: Connection, requester_id: int, key: str = KEY) -> int:
    return ask(
        connection, requester_id, role="DYNAMIC", dynamic_role_key=key, dynamic_role_label="X"
    )


def readers(connection: Connection, request_id: int) -> dict[int, str]:
    """Why each member hears of a request."""
    rows = notification.queries["readers"].fetch(connection, Reader, club_date=TODAY)
    return {row.member_id: row.reason for row in rows if row.request_id == request_id}


@pytest.fixture
def ann(connection: Connection) -> int:
    """Who asks; no more than a member."""
    return add_member(connection)


def define(connection: Connection, **values: object) -> int:
    """A duty of the club's own, switched on."""
    connection.execute("UPDATE siteconfig_siteconfiguration SET enable_dynamic_duty_roles = true")
    found = connection.execute("SELECT id FROM siteconfig_siteconfiguration").fetchone()
    assert found is not None
    row = {"key": KEY, "is_active": True, "site_configuration_id": found[0], **values}
    return insert(connection, "duty_roster_dutyroledefinition", **row)


def require(connection: Connection, definition: int, kind: str, value: str) -> None:
    insert(
        connection, "duty_roster_dutyqualificationrequirement", role_definition_id=definition,
        requirement_type=kind, requirement_value=value, is_required=True,
    )  # fmt: skip


def qualify(connection: Connection, member_id: int, expires: str | None, code: str = KEY) -> None:
    insert(
        connection, "duty_roster_memberdutyqualification", member_id=member_id, is_qualified=True,
        qualification_code=code, expires_on=expires,
    )  # fmt: skip


def test_open_requests_of_tomorrow_to_two_weeks_ahead_are_found(
    connection: Connection, ann: int
) -> None:
    wanted = [ask(connection, ann, original_date=day) for day in ("2026-03-02", "2026-03-15")]
    for day in ("2026-03-01", "2026-03-16"):
        ask(connection, ann, original_date=day)
    ask(connection, ann, status="fulfilled")
    rows = notification.queries["requests"].fetch(connection, Request, club_date=TODAY)
    assert [row.id for row in rows] == wanted


@pytest.mark.parametrize(
    ("role", "mark"),
    [
        ("TOW", "towpilot"),
        ("DO", "duty_officer"),
        ("ADO", "assistant_duty_officer"),
        ("INSTRUCTOR", "instructor"),
    ],
)
def test_members_with_the_duty_s_mark_may_take_it(
    connection: Connection, ann: int, role: str, mark: str
) -> None:
    able = add_member(connection, **{mark: True})
    add_member(connection, **{mark: True}, membership_status="Inactive")
    add_member(connection, **{mark: True}, is_active=False)
    add_member(connection, treasurer=True)
    request = ask(connection, ann, role=role)
    assert readers(connection, request) == {ann: "requester", able: "eligible"}


def test_of_a_direct_request_only_who_was_asked_hears_and_the_rostermeisters(
    connection: Connection, ann: int
) -> None:
    bob, cid = add_member(connection), add_member(connection, rostermeister=True)
    add_member(connection, towpilot=True)
    request = ask(connection, ann, request_type="direct", direct_request_to_id=bob)
    assert readers(connection, request) == {
        ann: "requester",
        bob: "asked",
        cid: "rostermeister",
    }


def test_whoever_offered_is_left_in_peace_unless_it_was_withdrawn(
    connection: Connection, ann: int
) -> None:
    request = ask(connection, ann)
    helpers = {}
    for status in ("pending", "declined", "withdrawn"):
        helpers[status] = add_member(connection, towpilot=True)
        insert(
            connection, "duty_roster_dutyswapoffer", swap_request_id=request, status=status,
            offered_by_id=helpers[status], offer_type="cover",
        )  # fmt: skip
    assert set(readers(connection, request)) == {ann, helpers["withdrawn"]}


def test_a_duty_of_the_clubs_own_needs_every_qualification(
    connection: Connection, ann: int
) -> None:
    definition = define(connection)
    require(connection, definition, "member_duty_qualification", KEY)
    require(connection, definition, "legacy_role_flag", "towpilot")
    require(connection, definition, "legacy_glider_rating", "Commercial")
    row = {"towpilot": True, "glider_rating": "commercial"}
    able = add_member(connection, **row)
    others = [add_member(connection, **{**row, "glider_rating": "private"})]
    others.append(add_member(connection, **{**row, "towpilot": False}))
    for member_id in (able, *others):
        qualify(connection, member_id, None)
    add_member(connection, **row)
    request = ask_for_own_role(connection, ann)
    assert readers(connection, request) == {ann: "requester", able: "eligible"}


def test_a_qualification_expires_after_its_day_at_the_club(
    connection: Connection, ann: int
) -> None:
    require(connection, define(connection), "member_duty_qualification", KEY)
    today, before = add_member(connection), add_member(connection)
    qualify(connection, today, "2026-03-01")
    qualify(connection, before, "2026-02-28")
    assert set(readers(connection, ask_for_own_role(connection, ann))) == {ann, today}


def test_what_nobody_can_fulfil_nobody_is_asked_for(connection: Connection, ann: int) -> None:
    definition = define(connection)
    require(connection, definition, "legacy_role_flag", "no_such_mark")
    add_member(connection)
    assert set(readers(connection, ask_for_own_role(connection, ann))) == {ann}


def test_without_requirements_or_definition_the_mark_of_that_name_counts(
    connection: Connection, ann: int
) -> None:
    pilot = add_member(connection, towpilot=True)
    rated = add_member(connection, glider_rating="commercial")
    by_key = ask_for_own_role(connection, ann, "towpilot")
    by_rating = ask_for_own_role(connection, ann, "commercial_pilot")
    unknown = ask_for_own_role(connection, ann, "juggler")
    assert set(readers(connection, by_key)) == {ann, pilot}
    assert set(readers(connection, by_rating)) == {ann, rated}
    assert set(readers(connection, unknown)) == {ann}
    define(connection, key="juggler", legacy_role_key="towpilot")
    assert set(readers(connection, unknown)) == {ann, pilot}


def test_a_step_is_told_once_and_the_next_when_it_is_reached(database: Database) -> None:
    planned = []
    for night in ("2026-03-01", "2026-03-02", "2026-03-03"):
        with begun(notification, database, f"{night}T03:20:00Z") as run:
            planned.append(run.commit().planned)
    first, second, third = planned
    assert first > 20
    # The duties of the third of March have two days left, which is still the step of three.
    assert second == 0
    assert third > 0


def test_a_night_that_was_missed_is_made_up_for(database: Database) -> None:
    with begun(notification, database, "2026-03-02T03:20:00Z") as run:
        periods = {message.period for message in run.evaluation.decision.messages}
        run.commit()
    assert "request 3, step 7" in periods
