"""The demo club's airfields and aircraft, what is wrong with them and who cares for them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from m2s_orchestration.demo.days import DEMO_DAY
from m2s_orchestration.demo.rows import Row, Rows


class Glider(NamedTuple):
    make: str
    model: str
    n_number: str
    contest_number: str
    seats: int
    active: bool = True
    club_owned: bool = True


class Issue(NamedTuple):
    aircraft: Row
    reported: date
    description: str
    reporter: int
    grounded: bool = False
    resolved: date | None = None


GLIDERS = (
    Glider("Schleicher", "ASK-21", "N521HM", "HM", 2),
    Glider("Schleicher", "ASK-21", "N212KS", "KS", 2),
    Glider("Schweizer", "SGS 2-33A", "N3342S", "", 2),
    Glider("Schweizer", "SGS 1-26E", "N126HM", "126", 1),
    Glider("Schempp-Hirth", "Discus b", "N77DB", "DB", 1),
    Glider("Grob", "G102 Astir CS", "N102GA", "GA", 1),
    Glider("Rolladen-Schneider", "LS4", "N44LS", "LS", 1, club_owned=False),
    Glider("LET", "L-23 Super Blanik", "N23LB", "", 2, active=False),
)
TWO_SEATERS, SINGLE_SEATERS = (1, 2, 3), (4, 5, 6)
TOWPLANES = (
    ("Yellow Pawnee", "Piper", "PA-25-235", "N9042P"),
    ("Husky", "Aviat", "A-1B", "N83HK"),
)

ISSUES = (
    Issue({"glider_id": 3}, date(2025, 6, 7), "Wheel brake drags.", 17, False, date(2025, 6, 21)),
    Issue({"glider_id": 1}, date(2025, 9, 20), "Harness frayed.", 3, True, date(2025, 9, 27)),
    Issue({"towplane_id": 1}, date(2025, 11, 8), "No landing light.", 9, False, date(2025, 11, 9)),
    Issue({"glider_id": 3}, date(2026, 1, 24), "Trim spring is weak.", 4),
    Issue({"towplane_id": 1}, date(2026, 1, 31), "Oil use above a quart an hour.", 12),
    Issue({"glider_id": 1}, date(2026, 2, 7), "Rear variometer reads < 1 knot low.", 3),
    Issue({"glider_id": 5}, date(2026, 2, 14), "Canopy hinge cracked; do not fly.", 34, True),
    Issue({"glider_id": 2, "towplane_id": 1}, date(2026, 2, 15), "Tow rings jam in both hooks.", 9),
    Issue({"towplane_id": 2}, date(2026, 2, 21), "Tailwheel steering spring broke.", 10, True),
    Issue({"glider_id": 6}, date(2026, 2, 22), "Main tire worn to the cord.", 46, True),
)

# Who looks after what. The Astir has nobody, and one of the 2-33's two has left the club.
MEISTERS: tuple[tuple[int, Row], ...] = (
    (17, {"glider_id": 1}),
    (28, {"glider_id": 2}),
    (31, {"glider_id": 3}),
    (69, {"glider_id": 3}),
    (38, {"glider_id": 4}),
    (34, {"glider_id": 5}),
    (9, {"towplane_id": 1}),
    (12, {"towplane_id": 1}),
    (12, {"towplane_id": 2}),
)

# aircraft, code of what falls due, and in how many days from the demo day
DEADLINES: tuple[tuple[Row, str, int], ...] = (
    ({"glider_id": 6}, "annual", -12),
    ({"glider_id": 4}, "parachute", -3),
    ({"glider_id": 1}, "transponder", 1),
    ({"glider_id": 2}, "annual", 9),
    ({"towplane_id": 1}, "annual", 31),
    ({"glider_id": 7}, "condition", 32),
    ({"towplane_id": 2}, "annual", 140),
    ({"glider_id": 5}, "letter", 200),
)


def aircraft() -> Rows:
    """Airfields, gliders and towplanes with their issues, deadlines and meisters."""
    return {
        "logsheet_airfield": [
            {"identifier": "PA77", "name": "High Meadow Gliderport", "is_active": True},
            {"identifier": "KUNV", "name": "University Park Airport", "is_active": True},
        ],
        "logsheet_glider": [_glider(glider) for glider in GLIDERS],
        "logsheet_towplane": [_towplane(towplane) for towplane in TOWPLANES],
        "logsheet_maintenanceissue": [_issue(issue) for issue in ISSUES],
        "logsheet_maintenancedeadline": [
            {**craft, "description": code, "due_date": DEMO_DAY + timedelta(days=days)}
            for craft, code, days in DEADLINES
        ],
        "logsheet_aircraftmeister": [{"member_id": who, **craft} for who, craft in MEISTERS],
    }


def _glider(glider: Glider) -> Row:
    return {
        "make": glider.make,
        "model": glider.model,
        "n_number": glider.n_number,
        "competition_number": glider.contest_number,
        "seats": glider.seats,
        "is_active": glider.active,
        "club_owned": glider.club_owned,
        "rental_rate": Decimal(36) if glider.club_owned else None,
        "initial_hours": Decimal("2400.0"),
    }


def _towplane(towplane: tuple[str, str, str, str]) -> Row:
    name, make, model, n_number = towplane
    return {
        "name": name,
        "make": make,
        "model": model,
        "n_number": n_number,
        "is_active": True,
        "club_owned": True,
        "initial_hours": Decimal("5100.0"),
        "oil_change_interval": Decimal("50.0"),
        "requires_100hr_inspection": True,
    }


def _issue(issue: Issue) -> Row:
    resolved = issue.resolved is not None
    return {
        **issue.aircraft,
        "report_date": issue.reported,
        "description": issue.description,
        "grounded": issue.grounded,
        "reported_by_id": issue.reporter,
        "resolved": resolved,
        "resolved_date": issue.resolved,
        "resolution_notes": "Put right and checked." if resolved else "",
        "resolved_by_id": 17 if resolved else None,
    }
