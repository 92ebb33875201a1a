"""Where ours is meant to differ from the present system: one entry for each decision, by job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.seen import Seen


@dataclass(frozen=True)
class Difference:
    """A decision, and what it makes of what the present system was seen to do."""

    name: str
    sentence: str
    apply: Callable[[Seen, KnownClub, Case], Seen]
