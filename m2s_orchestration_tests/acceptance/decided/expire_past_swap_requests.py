"""The decision about past swap requests."""

from __future__ import annotations

from dataclasses import replace

from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.decided import Difference
from m2s_orchestration_tests.acceptance.seen import Seen


def _once(seen: Seen, known: KnownClub, case: Case) -> Seen:
    """Without second mails: of two with one body the recording tells the body once."""
    second = {mail for mail in seen.mails if not mail.dates}
    first = {(mail.to, mail.numbers) for mail in seen.mails - second}
    return replace(
        seen,
        mails=seen.mails - {mail for mail in second if (mail.to, mail.numbers) in first},
    )


PAST_SWAPS = (
    Difference(
        "who offered twice is thanked once",
        "The same person under several headings gets one message.",
        _once,
    ),
)
