"""Whether a command did its work. Its exit status is not enough: it says 0 also when it did not."""

from __future__ import annotations

from dataclasses import dataclass

from m2s_orchestration.application.outbox import Change, Outbox, change
from m2s_orchestration.errors import CommandFailed


@dataclass(frozen=True)
class Verdict:
    """What a run came to: `done`, `busy` with who was in the way, `incomplete` with the fault."""

    outcome: str
    change: Change
    held: str = ""
    fault: CommandFailed | None = None


def judge(
    name: str, *, ended: int | CommandFailed, before: Outbox, after: Outbox, held: str
) -> Verdict:
    """From how it ended, its outbox before and after, and who has its lock now."""
    found = change(before, after)
    fault = ended if isinstance(ended, CommandFailed) else _fault(name, ended, found)
    # A lock that is there when the command is gone is somebody else's: it was turned away.
    if held and ended == 0 and not found.done and not found.failed:
        return Verdict("busy", found, held=held)
    return Verdict("incomplete" if fault else "done", found, fault=fault)


def _fault(name: str, status: int, found: Change) -> CommandFailed | None:
    if status != 0:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        return CommandFailed(
            f"{name} ended with {how}: its last lines are in this run's page. What it left undone"
            " its next run takes up."
        )
    if found.failed:
        return CommandFailed(
            f"{name} says that all is well, and {found.failed} in its outbox failed: the web"
            " application's pages and its log have the cause. Its next run tries again what is not"
            " given up."
        )
    if found.untouched:
        return CommandFailed(
            f"{name} says that all is well, and touched none of the {found.untouched} that wait in"
            " its outbox: its last lines are in this run's page."
        )
    return None
