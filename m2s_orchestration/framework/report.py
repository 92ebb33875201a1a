"""What a run came to, in figures and in one word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from m2s_orchestration.delivery.errand import Round
from m2s_orchestration.delivery.ledger import Recorded, Swept
from m2s_orchestration.errors import OrchestrationError

OPEN_STATES = ("planned", "retry", "sending", "unknown")


@dataclass(frozen=True)
class Report:
    """What a run came to.

    `planned`, `sent`, `failed`, `expired`, `skipped`, `notices` and `changes` count what this run
    did (a rehearsal: would do); `unknown` and `retry` count what is open now.
    """

    outcome: str
    planned: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    retry: int = 0
    skipped: int = 0
    expired: int = 0
    notices: int = 0
    changes: int = 0
    waiting: int = field(default=0, compare=False)
    fault: OrchestrationError | None = field(default=None, compare=False)

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """The names of its figures, in the order of telling."""
        return tuple(item.name for item in fields(cls) if item.compare and item.type == "int")


def after_round(before: Mapping[str, int], sent: Round) -> dict[str, int]:
    """What became of the ledger's figures, as far as the round itself knows."""
    open_before = before.get("planned", 0) + before.get("retry", 0)
    waiting = max(open_before - sent.results.total(), 0)
    return dict(Counter({**before, "planned": waiting, "retry": 0}) + sent.results)


def report_of(
    recorded: Recorded,
    sent: Round,
    *,
    before: Mapping[str, int],
    after: Mapping[str, int],
    swept: Swept,
    unmade: OrchestrationError | None,
) -> Report:
    """From the ledger before and after; `unmade` is why some mail could not be made, if any."""
    fault = sent.fault or unmade

    def gained(state: str) -> int:
        return max(after.get(state, 0) - before.get(state, 0), 0)

    # What the sweep found may belong to other occurrences, which no other run may come to tell of.
    expired = max(gained("expired"), swept.expired)
    unknown = max(after.get("unknown", 0), swept.unknown)
    return Report(
        outcome=_outcome(
            recorded, sent, after, lost=bool(fault or gained("failed") or expired or unknown)
        ),
        planned=recorded.planned,
        sent=gained("sent"),
        failed=gained("failed"),
        unknown=unknown,
        retry=after.get("retry", 0),
        skipped=recorded.skipped,
        expired=expired,
        notices=recorded.notices,
        changes=recorded.changes,
        waiting=after.get("planned", 0) + after.get("sending", 0),
        fault=fault,
    )


def _outcome(recorded: Recorded, sent: Round, after: Mapping[str, int], *, lost: bool) -> str:
    """In one word; a message that failed in this run makes it incomplete, an older one not."""
    if lost or any(after.get(state, 0) for state in OPEN_STATES):
        return "incomplete"
    if sent.results["sent"]:
        return "sent"
    # Of what this run planned, another may have sent all: one that was forced.
    had_mail = recorded.planned or recorded.told_before
    return "nothing_to_send" if recorded.is_new and not had_mail else "already_done"
