from __future__ import annotations

import pytest

from m2s_orchestration.application.outbox import Outbox, OutboxRow, change
from m2s_orchestration.application.verdict import Verdict, judge
from m2s_orchestration.errors import CommandFailed

NOTHING: Outbox = {}


def outbox(*rows: tuple[int, str, int], given_up: int = 5) -> Outbox:
    """Rows by id, status and attempts; who was tried so often is given up."""
    return {
        row_id: OutboxRow(row_id, status, attempts, attempts < given_up)
        for row_id, status, attempts in rows
    }


def judged(
    ended: int | CommandFailed = 0,
    before: Outbox = NOTHING,
    after: Outbox = NOTHING,
    held: str = "",
) -> Verdict:
    return judge("drain_something", ended=ended, before=before, after=after, held=held)


def told(verdict: Verdict) -> str:
    assert verdict.outcome == "incomplete"
    assert verdict.fault
    return str(verdict.fault)


def test_a_command_that_ends_with_0_and_has_no_outbox_is_done() -> None:
    assert judged().outcome == "done"
    assert judged().fault is None


@pytest.mark.parametrize(("status", "words"), [(1, "exit status 1"), (-9, "signal 9")])
def test_an_exit_status_is_believed(status: int, words: str) -> None:
    assert words in told(judged(status))


def test_a_command_that_could_not_run_says_why() -> None:
    fault = CommandFailed("it never ran")

    assert judged(fault).fault is fault


def test_what_was_sent_is_done() -> None:
    verdict = judged(before=outbox((1, "pending", 0), (2, "failed", 3)))

    assert (verdict.outcome, verdict.change.done) == ("done", 2)


def test_a_row_that_failed_is_a_failure_whatever_the_exit_status() -> None:
    verdict = judged(
        before=outbox((1, "pending", 0), (2, "pending", 0)), after=outbox((2, "failed", 1))
    )

    assert "1 in its outbox failed" in told(verdict)
    assert (verdict.change.done, verdict.change.failed, verdict.change.waiting) == (1, 1, 1)


def test_a_row_that_failed_once_more_is_one_too() -> None:
    assert told(judged(before=outbox((1, "failed", 1)), after=outbox((1, "failed", 2))))


def test_a_row_that_was_queued_meanwhile_and_failed_is_one_too() -> None:
    assert told(judged(after=outbox((7, "failed", 1))))


def test_a_row_that_was_given_up_long_ago_is_none() -> None:
    left = outbox((1, "failed", 5))
    verdict = judged(before=left, after=left)

    assert (verdict.outcome, verdict.change.given_up) == ("done", 1)


def test_to_touch_none_of_what_waits_is_a_failure() -> None:
    waiting = outbox((1, "pending", 0), (2, "failed", 1))

    assert "none of the 2 that wait" in told(judged(before=waiting, after=waiting))


def test_what_is_beyond_the_limit_may_wait() -> None:
    before = outbox((1, "pending", 0), (2, "pending", 0))

    assert judged(before=before, after=outbox((2, "pending", 0))).outcome == "done"


def test_what_was_queued_meanwhile_may_wait() -> None:
    assert judged(after=outbox((1, "pending", 0))).outcome == "done"


def test_a_row_at_work_is_not_waiting() -> None:
    at_work = {1: OutboxRow(1, "processing", 1, is_waiting=False)}

    assert change(at_work, at_work).untouched == 0


def test_who_was_turned_away_is_busy_and_not_done() -> None:
    waiting = outbox((1, "pending", 0))

    verdict = judged(before=waiting, after=waiting, held="web-1 has it")

    assert (verdict.outcome, verdict.held, verdict.fault) == ("busy", "web-1 has it", None)
    assert judged(held="web-1 has it").outcome == "busy"


def test_who_did_its_work_was_not_turned_away() -> None:
    assert judged(before=outbox((1, "pending", 0)), held="web-1 has it").outcome == "done"


def test_a_failure_is_one_whoever_has_the_lock() -> None:
    assert told(judged(1, held="web-1 has it"))
    assert told(
        judged(before=outbox((1, "pending", 0)), after=outbox((1, "failed", 1)), held="web-1")
    )
