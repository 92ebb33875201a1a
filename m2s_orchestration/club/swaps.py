"""What the club calls the duty that somebody would swap."""

from __future__ import annotations

from m2s_orchestration.club.club import Club

# The codes of `duty_roster_dutyswaprequest.role`, and the roles that they stand for.
ROLES = {
    "DO": "duty_officer",
    "ADO": "assistant_duty_officer",
    "INSTRUCTOR": "instructor",
    "TOW": "towpilot",
}


def duty_title(club: Club, role: str, *, key: str = "", label: str = "") -> str:
    """The club's title of a code; of a role of the club's own, its label or else its key."""
    if role in ROLES:
        return club.title(ROLES[role])
    return " ".join(label.split()) or key.replace("_", " ").title() or "Duty"
