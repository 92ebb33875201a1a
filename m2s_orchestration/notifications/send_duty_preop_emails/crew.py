"""Who is on duty, and as what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from m2s_orchestration.framework import Club, Member
from m2s_orchestration.notifications.send_duty_preop_emails.rows import Assignment, RoleRow

# The classic roles, in the order of the crew list, and their columns of the assignment.
COLUMNS = {
    "instructor": "instructor_id",
    "surge_instructor": "surge_instructor_id",
    "towpilot": "tow_pilot_id",
    "surge_towpilot": "surge_tow_pilot_id",
    "duty_officer": "duty_officer_id",
    "assistant_duty_officer": "assistant_duty_officer_id",
    "commercial_pilot": "commercial_pilot_id",
}
PLACES = {role: place for place, role in enumerate(COLUMNS)}


@dataclass(frozen=True)
class Duty:
    """One role of one person. `key` is the role's own, whatever the club calls it."""

    key: str
    title: str
    member: Member


def crew_of(assignment: Assignment, roles: Iterable[RoleRow], club: Club) -> tuple[Duty, ...]:
    """The crew in the order of its list; nobody is listed twice under the same title.

    The web application keeps the classic roles twice, in the assignment and in rows. Where both
    name a person for a role, the row has the club's own word for it.
    """
    own = [role for role in roles if role.assignment_id == assignment.id]
    in_rows = {(role.legacy_key, role.member_id) for role in own}
    found = [(_place(role), _of_row(role, club)) for role in own]
    for role, column in COLUMNS.items():
        member_id = getattr(assignment, column)
        if member_id is not None and (role, member_id) not in in_rows:
            found.append(((PLACES[role], 0), Duty(role, club.title(role), club.member(member_id))))
    found.sort(key=lambda item: (item[0], item[1].title, item[1].member.sort_name))
    once: dict[tuple[str, int], Duty] = {}
    for _, duty in found:
        once.setdefault((duty.title, duty.member.id), duty)
    return tuple(once.values())


def _place(role: RoleRow) -> tuple[int, int]:
    return PLACES.get(role.legacy_key, len(PLACES)), role.sort_order


def _of_row(role: RoleRow, club: Club) -> Duty:
    title = (role.display_name or "").strip() or club.title(role.legacy_key)
    return Duty(role.role_key, title, club.member(role.member_id))
