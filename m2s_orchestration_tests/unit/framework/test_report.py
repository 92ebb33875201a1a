from __future__ import annotations

from collections import Counter
from typing import Any

from m2s_orchestration.delivery.errand import Round
from m2s_orchestration.delivery.ledger import Recorded, Swept
from m2s_orchestration.framework.report import Report, after_round, report_of

SEVEN_SENT = {"sent": 7}


def report(before: dict[str, int], after: dict[str, int], **recorded: Any) -> Report:
    """Of a run that offered nothing itself."""
    return report_of(
        Recorded(occurrence_id=1, periods=("2026-03-02",), is_new=True, **recorded),
        Round(),
        before=before,
        after=after,
        swept=Swept(),
        unmade=None,
    )


def test_a_decision_without_mail_has_nothing_to_send() -> None:
    assert report({}, {}).outcome == "nothing_to_send"


def test_a_decision_whose_readers_were_told_before_is_done_already() -> None:
    assert report(SEVEN_SENT, SEVEN_SENT, told_before=7).outcome == "already_done"


def test_a_decision_all_of_whose_mail_another_run_sent_is_done_already() -> None:
    assert report(SEVEN_SENT, SEVEN_SENT, planned=7).outcome == "already_done"


def test_without_the_ledger_what_was_served_is_not_said_to_wait() -> None:
    before = {"planned": 3, "retry": 2, "sent": 4}

    after = after_round(before, Round(Counter(sent=2, retry=1)))

    assert after == {"planned": 2, "retry": 1, "sent": 6}


def test_without_the_ledger_and_without_a_mail_served_nothing_has_changed() -> None:
    assert after_round({"planned": 3}, Round()) == {"planned": 3}
