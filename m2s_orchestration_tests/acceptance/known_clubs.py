"""Compares what ours do for known clubs with what the present system did, decision by decision.

`python -m m2s_orchestration_tests.acceptance.known_clubs` prints the table.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.acceptance.clubs import (
    ABSENT,
    Case,
    KnownClub,
    KnownClubs,
    find_cases,
    find_folder,
)
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.decided.expire_ad_hoc_days import AD_HOC_DAYS
from m2s_orchestration_tests.acceptance.decided.expire_past_swap_requests import PAST_SWAPS
from m2s_orchestration_tests.acceptance.decided.notify_aging_logsheets import AGING_LOGSHEETS
from m2s_orchestration_tests.acceptance.decided.notify_late_sprs import LATE_SPRS
from m2s_orchestration_tests.acceptance.decided.notify_pending_sprs import PENDING_SPRS
from m2s_orchestration_tests.acceptance.decided.remind_open_swap_requests import OPEN_SWAPS
from m2s_orchestration_tests.acceptance.decided.report_duty_delinquents import DUTY_DELINQUENTS
from m2s_orchestration_tests.acceptance.decided.send_duty_preop_emails import DUTY_PREOP
from m2s_orchestration_tests.acceptance.decided.send_instructor_summary_emails import (
    INSTRUCTOR_SUMMARIES,
)
from m2s_orchestration_tests.acceptance.decided.send_maintenance_digest import MAINTENANCE_DIGEST
from m2s_orchestration_tests.acceptance.ours import observe
from m2s_orchestration_tests.acceptance.seen import Seen

# A job is compared as soon as it has an entry here.
DECIDED: dict[str, tuple[Difference, ...]] = {
    # These two delete what the present system deletes.
    "cleanup_applications_cronjob": (),
    "cleanup_old_notifications": (),
    "expire_ad_hoc_days": AD_HOC_DAYS,
    "expire_past_swap_requests": PAST_SWAPS,
    "notify_aging_logsheets": AGING_LOGSHEETS,
    "notify_late_sprs": LATE_SPRS,
    "notify_pending_sprs": PENDING_SPRS,
    "remind_open_swap_requests": OPEN_SWAPS,
    "report_duty_delinquents": DUTY_DELINQUENTS,
    "send_duty_preop_emails": DUTY_PREOP,
    "send_instructor_summary_emails": INSTRUCTOR_SUMMARIES,
    "send_maintenance_digest": MAINTENANCE_DIGEST,
}


@dataclass(frozen=True)
class Comparison:
    """One case: what the decisions make of the present system's work, and what ours did."""

    case: Case
    expected: Seen
    ours: Seen
    decisions: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        return self.expected == self.ours

    @property
    def verdict(self) -> str:
        """same, decided difference (with names), or wrong."""
        if not self.is_right:
            return "wrong"
        return f"decided difference: {'; '.join(self.decisions)}" if self.decisions else "same"

    @property
    def explanation(self) -> str:
        """What differs, for somebody who has to find out why."""
        mails = (
            *(f"  not ours: {mail}" for mail in self.expected.mails - self.ours.mails),
            *(f"  only ours: {mail}" for mail in self.ours.mails - self.expected.mails),
        )
        pairs = (
            ("notices", self.expected.notices, self.ours.notices),
            ("rows", self.expected.rows, self.ours.rows),
            ("refused", self.expected.refused, self.ours.refused),
        )
        others = (
            f"  {name}: expected {expected}\n  {name}: ours {ours}"
            for name, expected, ours in pairs
            if expected != ours
        )
        return "\n".join((self.case.label, *mails, *others, f"  applied: {self.decisions}"))


def compare(case: Case, known: KnownClub) -> Comparison:
    """Apply the decisions one by one to what was seen, and look at what ours did."""
    present = seen = case.seen
    applied = []
    for difference in DECIDED[case.job]:
        if seen.refused:
            break
        changed = difference.apply(seen, known, case)
        if changed != seen:
            applied.append(difference.name)
        seen = changed
    # Two decisions may undo each other, and then nothing differs.
    decisions = tuple(applied) if seen != present else ()
    return Comparison(case, expected=seen, ours=observe(case, known), decisions=decisions)


def main() -> int:
    """Print a line for each case and the sums; the exit status is 1 if anything is wrong.

    Arguments name the jobs to compare; without any it is all of them.
    """
    folder, cases = find_folder(), find_cases(sys.argv[1:] or DECIDED)
    if folder is None or not cases:
        print(f"Nothing compared: {ABSENT}.")
        return 0
    with (
        tempfile.TemporaryDirectory(prefix="known-clubs-") as place,
        EmbeddedPostgres(Path(place)) as server,
        KnownClubs(folder, server) as clubs,
    ):
        verdicts = [_printed(compare(case, clubs.club(case.club))) for case in cases]
    sums = Counter(verdict.partition(":")[0] for verdict in verdicts)
    print(", ".join(f"{verdict}: {number}" for verdict, number in sorted(sums.items())))
    return 1 if sums["wrong"] else 0


def _printed(comparison: Comparison) -> str:
    """Print one line of the table, and what is wrong if anything is; returns the verdict."""
    print(f"{comparison.case.label:<78} {comparison.verdict}")
    if not comparison.is_right:
        print(comparison.explanation)
    return comparison.verdict


if __name__ == "__main__":
    sys.exit(main())
