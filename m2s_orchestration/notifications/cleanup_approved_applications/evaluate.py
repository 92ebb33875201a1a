"""Which applications are deleted."""

from __future__ import annotations

from m2s_orchestration.framework import Change, Club, Decision, Occurrence, Parameters
from m2s_orchestration.notifications.cleanup_approved_applications.rows import Rows


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """One change for all of them."""
    ids = [application.id for application in rows.old_applications]
    values = {"application_ids": ids, "as_of": occurrence.moment}
    deletion = Change("delete applications", "delete_applications", values)
    return Decision(changes=(deletion,) if ids else (), found={"old_applications": len(ids)})
