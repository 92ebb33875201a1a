"""Which notices are deleted."""

from __future__ import annotations

from pydantic import Field

from m2s_orchestration import framework
from m2s_orchestration.framework import Change, Club, Decision, Occurrence
from m2s_orchestration.notifications.cleanup_old_notifications.rows import Rows


class Parameters(framework.Parameters):
    """What a person may set for a run."""

    days: int = Field(
        default=60,
        ge=30,
        le=36500,
        description="Notices older than this many days are deleted.",
    )


def evaluate(rows: Rows, occurrence: Occurrence, club: Club, parameters: Parameters) -> Decision:
    """A change for each batch."""
    return Decision(
        changes=tuple(
            Change(
                key=f"delete:{batch.first_id}-{batch.last_id}",
                statement="delete_batch",
                values={
                    "first_id": batch.first_id,
                    "last_id": batch.last_id,
                    "as_of": occurrence.moment,
                    "days": parameters.days,
                },
            )
            for batch in rows.batches
        ),
        found={"old_notices": sum(batch.number for batch in rows.batches)},
    )
