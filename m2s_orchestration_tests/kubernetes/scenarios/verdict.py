"""What a scenario came to: each thing that was looked at, and whether it was as it should be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from m2s_orchestration_tests.kubernetes.scenarios.deployment import Deployment
from m2s_orchestration_tests.kubernetes.table import Row


@dataclass
class Verdict:
    """Collects what is seen; `row` is the line of the table."""

    component: str
    scenario: str
    seen: list[str] = field(default_factory=list)
    holds: bool = True

    def see(self, what: str, found: object, wanted: object) -> None:
        """Something with one right value."""
        self.see_one_of(what, found, [wanted])

    def see_one_of(self, what: str, found: object, wanted: Collection[object]) -> None:
        """Something with several right values."""
        if found in wanted:
            self.seen.append(f"{what} {found}".strip())
        else:
            self.holds = False
            right = " or ".join(str(one) for one in wanted)
            self.seen.append(f"{what} {found} (WRONG: {right})")

    def see_mail(
        self, deployment: Deployment, job: str, as_of: str | None, states: str, *, mails: int
    ) -> None:
        """Ledger and mail server agree, and say so; nobody got a mail twice; the lease is free."""
        told = deployment.club.told(job, as_of)
        self.see("ledger:", told.in_words or "nothing", states)
        self.see("mails", told.mails, mails)
        for fault in told.faults:
            self.see("", fault, "")
        self.see("lease", deployment.club.holder(job) or "free", "free")

    @property
    def row(self) -> Row:
        """The line of the table."""
        return Row(self.component, self.scenario, ", ".join(self.seen), self.holds)
