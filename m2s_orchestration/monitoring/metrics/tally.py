"""Counts of what is only added to: what is settled is counted once and remembered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from m2s_orchestration.postgres import Connection, Statement

Rows = list[tuple[Any, ...]]
Values = tuple[Any, ...]

# Before anything that a ledger can have.
NEVER = datetime(1, 1, 2, tzinfo=UTC)
# More than clocks are set by; another clock, or another copy of the database, is as far away.
SET_BACK = timedelta(minutes=30)


class Tally:
    """One statement's counts of all time, of which a reading asks for what is not settled yet.

    The statement's columns are a name, a word, whether the row happened up to `horizon`, and
    numbers to add up, of what happened after `since`. Up to the horizon nothing may be added later.
    """

    def __init__(self, statement: Statement, **values: object) -> None:
        self._statement = statement
        self._values = values
        self._since = NEVER
        self._settled: dict[Values, Values] = {}

    @property
    def is_new(self) -> bool:
        """Whether everything is still to be counted."""
        return self._since == NEVER

    def read(self, connection: Connection, horizon: datetime) -> Rows:
        """Rows of a name, a word and the numbers, one for each name and word."""
        if horizon < self._since - SET_BACK:
            # What is remembered is of a time that is still to come.
            self._since, self._settled = NEVER, {}
        # A clock that was set back a little must not settle anything twice.
        horizon = max(horizon, self._since)
        rows = self._statement.run(connection, since=self._since, horizon=horizon, **self._values)
        settled, recent = dict(self._settled), dict[Values, Values]()
        for name, word, is_settled, *numbers in rows:
            into = settled if is_settled else recent
            into[name, word] = _sum(into.get((name, word)), tuple(numbers))
        self._since, self._settled = horizon, settled
        both = settled | {key: _sum(settled.get(key), numbers) for key, numbers in recent.items()}
        return [(*key, *numbers) for key, numbers in both.items()]


def _sum(one: Values | None, other: Values) -> Values:
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))
