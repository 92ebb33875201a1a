"""The demo club in a real database: what its notifications will find on the demo day."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres

DELINQUENTS = b"""
    WITH duty AS (
        SELECT unnest(ARRAY[
            duty_officer_id, assistant_duty_officer_id, duty_instructor_id,
            surge_instructor_id, tow_pilot_id, surge_tow_pilot_id
        ]) AS member_id
        FROM logsheet_logsheet
        WHERE finalized AND log_date >= '2025-03-01'
        UNION
        SELECT unnest(ARRAY[f.instructor_id, f.tow_pilot_id])
        FROM logsheet_flight AS f JOIN logsheet_logsheet AS s ON s.id = f.logsheet_id
        WHERE s.finalized AND s.log_date >= '2025-03-01'
    )
    SELECT m.id
    FROM members_member AS m
    JOIN siteconfig_membershipstatus AS t ON t.name = m.membership_status AND t.is_active
    JOIN logsheet_flight AS f ON f.pilot_id = m.id
    JOIN logsheet_logsheet AS s ON s.id = f.logsheet_id
    WHERE s.finalized AND s.log_date >= '2025-03-01'
        AND (m.joined_club IS NULL OR m.joined_club < '2025-12-01')
        AND NOT m.treasurer
        AND m.membership_status <> 'Emeritus Member'
        AND NOT EXISTS (SELECT FROM duty WHERE duty.member_id = m.id)
    GROUP BY m.id
    HAVING count(*) >= 3
    ORDER BY m.id
"""


@pytest.fixture
def club(club_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(club_database) as connection:
        yield connection


def column(club: psycopg.Connection, question: bytes) -> list[object]:
    return [row[0] for row in club.execute(question)]


def test_its_foreign_keys_hold(empty_club_database: str) -> None:
    with psycopg.connect(empty_club_database) as club, club.transaction():
        load_demo_club(club)
        club.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_it_has_75_members_and_20_statuses(club: psycopg.Connection) -> None:
    assert column(club, b"SELECT count(*) FROM members_member") == [75]
    active = b"SELECT count(*) FROM siteconfig_membershipstatus GROUP BY is_active ORDER BY 1"
    assert column(club, active) == [5, 15]


def test_every_members_status_is_a_status_of_the_club(club: psycopg.Connection) -> None:
    strangers = b"""
        SELECT id FROM members_member AS m WHERE NOT EXISTS (
            SELECT FROM siteconfig_membershipstatus WHERE name = m.membership_status
        )
    """
    assert column(club, strangers) == []


def test_19_members_fly_and_do_no_duty(club: psycopg.Connection) -> None:
    assert column(club, DELINQUENTS) == list(range(32, 51))


def test_three_active_member_managers_hear_of_them(club: psycopg.Connection) -> None:
    heard = b"""
        SELECT m.id FROM members_member AS m
        JOIN siteconfig_membershipstatus AS t ON t.name = m.membership_status AND t.is_active
        WHERE m.member_manager ORDER BY 1
    """
    assert column(club, heard) == [59, 63, 64]


def test_one_logsheet_is_aging_and_two_others_are_open(club: psycopg.Connection) -> None:
    aging = b"""
        SELECT log_date::text, duty_officer_id, assistant_duty_officer_id
        FROM logsheet_logsheet WHERE NOT finalized AND date '2026-03-01' - log_date >= 7
    """
    assert club.execute(aging).fetchall() == [("2026-02-18", 16, 24)]
    assert column(club, b"SELECT count(*) FROM logsheet_logsheet WHERE NOT finalized") == [3]


def test_one_proposed_day_is_due_to_expire_with_two_students(club: psycopg.Connection) -> None:
    due = b"""
        SELECT count(s.id) FROM duty_roster_dutyassignment AS a
        LEFT JOIN duty_roster_instructionslot AS s ON s.assignment_id = a.id
        WHERE NOT a.is_scheduled AND NOT a.is_confirmed AND a.date <= '2026-03-01'
        GROUP BY a.id
    """
    assert column(club, due) == [2]
    stays = b"""
        SELECT count(*) FROM duty_roster_dutyassignment
        WHERE NOT is_scheduled AND is_confirmed AND date = '2026-02-28'
    """
    assert column(club, stays) == [1]


def test_people_have_two_roles_on_monday(club: psycopg.Connection) -> None:
    twice = b"""
        SELECT r.member_id FROM duty_roster_dutyassignmentrole AS r
        JOIN duty_roster_dutyassignment AS a ON a.id = r.assignment_id
        WHERE a.date = '2026-03-02' GROUP BY r.member_id HAVING count(*) > 1 ORDER BY 1
    """
    assert column(club, twice) == [11, 24]


def test_every_notification_has_something_to_do(club: psycopg.Connection) -> None:
    work = {
        "digest": b"SELECT id FROM logsheet_maintenanceissue WHERE NOT resolved",
        "past swaps": b"SELECT id FROM duty_roster_dutyswaprequest"
        b" WHERE status = 'open' AND original_date < '2026-02-28'",
        "open swaps": b"SELECT id FROM duty_roster_dutyswaprequest"
        b" WHERE status = 'open' AND original_date - date '2026-02-28' IN (14, 7, 3, 1)",
        "old notices": b"SELECT id FROM notifications_notification"
        b" WHERE created_at < timestamptz '2026-02-28 23:59Z' - interval '60 days'",
        "old applications": b"SELECT id FROM members_membershipapplication"
        b" WHERE status = 'approved' AND reviewed_at < '2024-12-31 23:30Z'",
    }
    found = {name: len(column(club, question)) for name, question in work.items()}
    assert found.pop("old notices") > 50
    assert found == {"digest": 7, "past swaps": 1, "open swaps": 4, "old applications": 2}


def test_the_next_row_of_every_table_gets_a_new_key(club: psycopg.Connection) -> None:
    new = b"""
        INSERT INTO notifications_notification (message, created_at, read, dismissed, user_id)
        VALUES ('', now(), false, false, 1)
        RETURNING id = (SELECT max(id) + 1 FROM notifications_notification)
    """
    assert column(club, new) == [True]


def test_the_empty_club_has_all_tables_and_no_row(empty_club_database: str) -> None:
    with psycopg.connect(empty_club_database) as club:
        tables = b"SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert column(club, tables) == [30]
        assert column(club, b"SELECT count(*) FROM members_member") == [0]


def test_a_load_that_fails_leaves_nothing(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("half")
    with psycopg.connect(postgres.conninfo("half"), autocommit=True) as club:
        load_tables(club)
        club.execute("ALTER TABLE siteconfig_mailinglist ADD CHECK (name <> 'towpilots')")
        with pytest.raises(psycopg.errors.CheckViolation):
            load_demo_club(club)
        assert column(club, b"SELECT count(*) FROM members_member") == [0]
