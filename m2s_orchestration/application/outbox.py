"""What an outbox of the web application tells of a run of its command, before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.postgres import Connection, translated


@dataclass(frozen=True)
class OutboxRow:
    """A row that is not done. It is waiting if the command will take it up."""

    id: int
    status: str
    attempts: int
    is_waiting: bool


Outbox = dict[int, OutboxRow]


@dataclass(frozen=True)
class Change:
    """What became of the rows: `done`, `failed` in this run, `given_up`, still `waiting`.

    `untouched` is how many waited, if not one of them was touched.
    """

    done: int
    failed: int
    waiting: int
    given_up: int
    untouched: int


def look(connection: Connection, command: ApplicationCommand) -> Outbox:
    """The rows that are not done; none for a command without an outbox."""
    if not command.has_outbox:
        return {}
    with translated():
        rows = command.statements["outbox"].fetch(connection, OutboxRow)
    return {row.id: row for row in rows}


def change(before: Outbox, after: Outbox) -> Change:
    """What a run came to, from a look before it and one after it."""
    waited = {row.id for row in before.values() if row.is_waiting}
    touched = any(after.get(row_id) != before[row_id] for row_id in waited)
    return Change(
        done=len(before.keys() - after.keys()),
        failed=_count(row for row in _failed(after) if before.get(row.id) != row),
        waiting=_count(row for row in after.values() if row.is_waiting),
        given_up=_count(row for row in _failed(after) if not row.is_waiting),
        untouched=0 if touched else len(waited),
    )


def _failed(outbox: Outbox) -> Iterable[OutboxRow]:
    return (row for row in outbox.values() if row.status == "failed")


def _count(rows: Iterable[OutboxRow]) -> int:
    return sum(1 for _ in rows)
