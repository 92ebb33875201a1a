"""Which issues and meisters are read, and what a week's digest comes to in the demo club."""

from __future__ import annotations

from datetime import date

from m2s_orchestration.delivery.ledger import Recorded
from m2s_orchestration.notifications.send_maintenance_digest import notification
from m2s_orchestration.notifications.send_maintenance_digest.rows import Issue, Meister
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.notifications.runs import begun
from m2s_orchestration_tests.integration.rows import add_member, insert

DELIVERIES = """
SELECT recipient_key, period, state FROM m2s_orchestration.delivery ORDER BY recipient_key
"""


def add_glider(connection: Connection, **values: object) -> int:
    defaults: dict[str, object] = {"n_number": "n12ab", "model": "ASK-21"}
    return insert(connection, "logsheet_glider", **{**defaults, **values})


def add_towplane(connection: Connection) -> int:
    return insert(connection, "logsheet_towplane", name="Pawnee", n_number="n34cd")


def add_issue(connection: Connection, report_date: str, **values: object) -> int:
    return insert(connection, "logsheet_maintenanceissue", report_date=report_date, **values)


def open_issues(connection: Connection) -> list[Issue]:
    return notification.queries["open_issues"].fetch(connection, Issue)


def test_every_open_issue_is_read_with_the_labels_of_its_aircraft(connection: Connection) -> None:
    glider = add_glider(connection, competition_number="hm")
    towplane = add_towplane(connection)
    new = add_issue(connection, "2026-02-15", glider_id=glider, description="Flat tire")
    old = add_issue(connection, "2023-06-11", towplane_id=towplane, grounded=True)
    add_issue(connection, "2026-01-01", glider_id=glider, resolved=True)
    tug = "Pawnee (n34cd)"
    assert open_issues(connection) == [
        Issue(old, date(2023, 6, 11), "", True, None, "", towplane, tug),
        Issue(
            new, date(2026, 2, 15), "Flat tire", False, glider, "HM / N12AB / ASK-21", None, None
        ),
    ]


def test_what_an_aircraft_does_not_have_is_left_out_of_its_label(connection: Connection) -> None:
    glider = add_glider(connection, model="")
    add_issue(connection, "2026-02-15", glider_id=glider, towplane_id=add_towplane(connection))
    add_issue(connection, "2026-02-16")
    assert [list(issue.labels.values()) for issue in open_issues(connection)] == [
        ["N12AB", "Pawnee (n34cd)"],
        [],
    ]


def test_meisters_are_read_with_what_they_look_after(connection: Connection) -> None:
    glider, towplane = add_glider(connection), add_towplane(connection)
    first, second = add_member(connection), add_member(connection)
    for who, what in ((second, {"glider_id": glider}), (first, {"towplane_id": towplane})):
        insert(connection, "logsheet_aircraftmeister", member_id=who, **what)
    assert notification.queries["meisters"].fetch(connection, Meister) == [
        Meister(first, None, towplane),
        Meister(second, glider, None),
    ]


def run_at(database: Database, as_of: str) -> Recorded:
    """What is recorded of a run at that moment."""
    with begun(notification, database, as_of) as run:
        return run.commit()


def test_in_the_demo_club_the_meisters_and_the_operators_are_told(database: Database) -> None:
    recorded = run_at(database, "2026-03-01T09:00:00Z")
    assert (recorded.planned, recorded.skipped, recorded.changes) == (7, 1, 0)
    with database.connect("look") as connection:
        found = {key: state for key, _, state in connection.execute(DELIVERIES)}
    assert found == {
        **{f"member:{id}": "planned" for id in (9, 12, 17, 28, 31, 34)},
        "member:69": "skipped",
        "address:operators@example.org": "planned",
    }


def test_a_run_later_in_the_week_tells_only_whom_the_first_did_not(database: Database) -> None:
    run_at(database, "2026-03-01T09:00:00Z")
    with database.connect("change") as connection:
        insert(connection, "logsheet_aircraftmeister", member_id=13, glider_id=6)
    later = run_at(database, "2026-03-05T17:00:00Z")
    assert (later.planned, later.told_before) == (1, 6)
    with database.connect("look") as connection:
        (period,) = [
            period for key, period, _ in connection.execute(DELIVERIES) if key == "member:13"
        ]
    assert period == "2026-03-01"


def test_the_next_week_has_a_digest_of_its_own(database: Database) -> None:
    run_at(database, "2026-03-04T09:00:00Z")
    recorded = run_at(database, "2026-03-08T09:00:00Z")
    assert (recorded.planned, recorded.told_before) == (7, 0)
