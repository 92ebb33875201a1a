"""Who may do what: the calls that the run launcher makes, and no other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource, as a Role names them; `group` is the resource's API group."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


# What a Role must allow so that the launcher can start, watch, explain and stop runs.
LAUNCHER = frozenset(
    {
        Right("batch", "jobs", "create"),
        Right("batch", "jobs", "list"),
        Right("batch", "jobs", "delete"),
        Right("batch", "jobs/status", "get"),
        Right("", "pods", "list"),
        Right("", "pods", "delete"),
        Right("", "pods/log", "get"),
        Right("", "events", "list"),
    }
)


@dataclass(frozen=True)
class Call:
    """One call to the API server: who, what, of which object, and the answer's status."""

    account: str
    right: Right
    name: str
    status: int


def used(calls: list[Call]) -> set[Right]:
    """What was asked for and allowed."""
    return {call.right for call in calls if call.status != 403}


def refused(calls: list[Call]) -> list[Call]:
    """What was asked for and not allowed."""
    return [call for call in calls if call.status == 403]
