"""What the web application's codes are called; a code that nobody knows stands for itself."""

from __future__ import annotations

ACTIVITIES = {
    "club_single": "club single-seater",
    "club_two": "club two-seater",
    "guest": "guest flying",
    "private": "private glider",
    "faa_practical_test": "FAA practical test",
    "club": "club glider",
    "towpilot": "towing",
    "glider_pilot": "glider pilot",
    "instruction": "instruction",
}

RESERVATIONS = {
    "solo": "solo flight",
    "badge": "badge flight",
    "guest": "guest flight",
    "other": "other",
}

# In the order of the day.
TIMES = {
    "specific": "at a set time",
    "morning": "morning",
    "midday": "midday",
    "afternoon": "afternoon",
    "full_day": "all day",
}

# In the order in which students are listed.
REQUESTS = {"confirmed": "confirmed", "pending": "pending", "waitlist": "on the waiting list"}

DEADLINES = {
    "annual": "annual inspection",
    "condition": "condition inspection",
    "parachute": "parachute repack",
    "transponder": "transponder test",
    "letter": "program letter",
}


def place_in(labels: dict[str, str], code: str) -> int:
    """Where a code stands in the order of its labels; one that nobody knows comes last."""
    return list(labels).index(code) if code in labels else len(labels)
