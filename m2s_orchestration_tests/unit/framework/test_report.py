from __future__ import annotations

from collections import Counter

from m2s_orchestration.delivery.errand import Round
from m2s_orchestration.framework.report import after_round


def test_without_the_ledger_what_was_served_is_not_said_to_wait() -> None:
    before = {"planned": 3, "retry": 2, "sent": 4}

    after = after_round(before, Round(Counter(sent=2, retry=1)))

    assert after == {"planned": 2, "retry": 1, "sent": 6}


def test_without_the_ledger_and_without_a_mail_served_nothing_has_changed() -> None:
    assert after_round({"planned": 3}, Round()) == {"planned": 3}
