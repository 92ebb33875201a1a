"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Batch:
    """Up to a thousand old notices, by the first and the last of their ids."""

    first_id: int
    last_id: int
    number: int


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    batches: tuple[Batch, ...]
