"""What an experiment found: how much was done to the mail, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Findings:
    """What one experiment came to.

    `faults` counts what was done on purpose, `runs` the runs that went through it. A duplicate is a
    mail that somebody got twice, a loss one that nobody got and nobody will be told of, an unknown
    one that is named as being in doubt. `violations` are sentences: each says what did not hold,
    and where; `remarks` what else a reader should know.
    """

    experiment: str
    faults: int
    runs: int
    duplicates: int = 0
    losses: int = 0
    unknowns: int = 0
    violations: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether everything was as promised."""
        return not (self.violations or self.duplicates or self.losses)
