"""What the queries return."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Application:
    """An application that was approved more than a year ago."""

    id: int


@dataclass(frozen=True)
class Rows:
    """The rows of each query."""

    old_applications: tuple[Application, ...]
