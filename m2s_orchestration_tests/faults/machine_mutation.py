"""How a mutant is made: the real code with exactly one thing changed, and without its guards."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from m2s_orchestration.postgres import Connection, Statement
from m2s_orchestration_tests.faults.machine_books import Promise

Change = Callable[[], AbstractContextManager[Any]]

# The trigger raises under this name, as if it were a constraint.
LAWFUL = "delivery_lawful_move"


@dataclass(frozen=True)
class Mutant:
    """Code with one thing wrong.

    `breaks` is the promise that it breaks where nothing stops it. `guards` are the database's own
    constraints that stop it, the first to do so first: without them it breaks the promise.
    """

    name: str
    breaks: Promise
    changes: Sequence[Change]
    guards: Sequence[str] = ()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """With the code so changed."""
        with ExitStack() as stack:
            for change in self.changes:
                stack.enter_context(change())
            yield


def statement(library: Mapping[str, Statement], name: str, old: str, new: str) -> Change:
    """The named statement with other words."""

    def changed() -> AbstractContextManager[Any]:
        wrong: Any = replaced(library[name].text, old, new)
        return patch.dict(library, {name: replace(library[name], text=wrong)})  # type: ignore[arg-type]

    return changed


def function(where: Any, name: str, old: str, new: str) -> Change:
    """The function or method of that name with other lines."""

    def changed() -> AbstractContextManager[Any]:
        was = getattr(where, name)
        source = replaced(textwrap.dedent(inspect.getsource(was)), old, new)
        made: dict[str, Any] = {}
        exec(f"from __future__ import annotations\n{source}", was.__globals__, made)  # noqa: S102
        return patch.object(where, name, made[name])

    return changed


def instead(where: Any, name: str, other: Any) -> Change:
    """Something else in its place."""
    return lambda: patch.object(where, name, other)


def replaced(text: str, old: str, new: str) -> str:
    """The text with that one thing changed."""
    if text.count(old) != 1:
        raise ValueError(f"{old!r} is there {text.count(old)} times and not once:\n{text}")
    return text.replace(old, new)


@contextmanager
def unguarded(connection: Connection, guards: Sequence[str]) -> Iterator[None]:
    """Without these constraints of the deliveries and occurrences, until the context ends."""
    undo = [_take_away(connection, guard) for guard in guards]
    try:
        yield
    finally:
        connection.execute(
            "TRUNCATE m2s_orchestration.attempt, m2s_orchestration.delivery,"
            " m2s_orchestration.notice, m2s_orchestration.occurrence"
        )
        for statement in undo:
            connection.execute(statement)


def _take_away(connection: Connection, guard: str) -> Any:
    """Drop it; returns the statement that makes it again."""
    if guard == LAWFUL:
        table = "ALTER TABLE m2s_orchestration.delivery"
        connection.execute(f"{table} DISABLE TRIGGER delivery_is_lawful")  # type: ignore[arg-type]
        return f"{table} ENABLE TRIGGER delivery_is_lawful"
    row = connection.execute(
        "SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname = %s",
        (guard,),
    ).fetchone()
    assert row, f"there is no constraint {guard}"
    table = f"ALTER TABLE {row[0]}"
    connection.execute(f"{table} DROP CONSTRAINT {guard}")  # type: ignore[arg-type]
    return f"{table} ADD CONSTRAINT {guard} {row[1]}"
