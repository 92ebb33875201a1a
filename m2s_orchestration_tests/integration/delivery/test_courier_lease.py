from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from m2s_orchestration.delivery import ledger
from m2s_orchestration.errors import (
    IncompleteDelivery,
    LeaseLost,
)
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.plans import (
    attempts,
    column,
)
from m2s_orchestration_tests.integration.delivery.post import (
    JANE,
    JIM,
    JOHN,
    Post,
    assert_untouched,
)
from m2s_orchestration_tests.smtp_script import (
    answer,
    hang,
)


def test_a_lease_that_is_lost_before_the_dot_ends_the_round_and_nothing_is_sent(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang())
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round, 2)
    post.server.wait_for("data", 2)

    post.connection.execute("UPDATE cronjob_locks SET locked_by = 'somebody else'")
    went = post.let_go(running)

    assert isinstance(went.fault, LeaseLost)
    assert post.server.reached("dot") == 0
    assert_untouched(post)


def test_a_claim_waits_for_whoever_is_taking_the_lease_over(
    post: Post, pool: ThreadPoolExecutor, database: Database
) -> None:
    post.plan(JANE, JOHN, JIM)
    with database.connect("successor") as successor, successor.transaction():
        successor.execute("UPDATE cronjob_locks SET locked_by = 'somebody else'")
        running = pool.submit(post.round)
        eventually(post.somebody_waits)

    assert isinstance(running.result().fault, LeaseLost)
    assert post.server.reached("dot") == 0
    assert_untouched(post)


def test_a_refusal_is_not_recorded_without_the_lease(post: Post, pool: ThreadPoolExecutor) -> None:
    post.server.on("recipient", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round)
    post.server.wait_for("recipient")

    post.server.on("data", answer(554))
    post.connection.execute("DELETE FROM cronjob_locks")
    went = post.let_go(running)

    assert isinstance(went.fault, LeaseLost)
    assert_untouched(post)


def test_a_lease_that_is_about_to_end_claims_nothing(post: Post, pool: ThreadPoolExecutor) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE)
    running = pool.submit(post.round)
    post.server.wait_for("data")

    post.connection.execute("UPDATE cronjob_locks SET expires_at = now() + interval '1.5 seconds'")
    went = post.let_go(running)

    assert went.results == Counter()
    assert post.server.reached("dot") == 0
    post.check(jane="planned")


def test_a_message_that_becomes_too_late_is_not_finished(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE, JOHN)
    running = pool.submit(post.round)
    post.server.wait_for("data")

    post.connection.execute(
        "UPDATE m2s_orchestration.delivery SET due_until = now() WHERE address = %s", (JANE,)
    )
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=1))
    post.check(jane="planned", john="sent")


def test_after_the_deadline_nothing_is_begun(post: Post, new_lease: NewLease) -> None:
    post.plan(JANE)
    overdue = new_lease(deadline=timedelta(0))

    went = post.round(lease=overdue)

    assert isinstance(went.fault, IncompleteDelivery)
    assert went.results == Counter()
    assert post.server.reached("connect") == 0
    post.check(jane="planned")


def test_a_forced_run_and_the_holder_tell_nobody_twice(
    post: Post, new_lease: NewLease, pool: ThreadPoolExecutor
) -> None:
    addresses = [f"member{number}@example.org" for number in range(30)]
    post.plan(*addresses)
    forced = new_lease()
    forced.acquire(wait=timedelta(0), force=True)

    runs = [pool.submit(post.round, 3, lease=one) for one in (post.lease, forced)]
    first, second = (run.result() for run in runs)

    assert (first.fault, second.fault) == (None, None)
    assert first.results + second.results == Counter(sent=30)
    assert post.accepted == Counter(addresses)


def test_the_first_senders_word_counts_although_it_was_given_up(
    post: Post, new_lease: NewLease, pool: ThreadPoolExecutor
) -> None:
    post.server.on("dot", hang(), times=1)
    post.plan(JANE)
    running = pool.submit(post.round)
    post.server.wait_for("dot")

    post.connection.execute("UPDATE cronjob_locks SET expires_at = now() - interval '1 second'")
    successor = new_lease()
    successor.acquire(wait=timedelta(0))
    ledger.sweep(post.connection, successor)
    post.check(jane="unknown")
    assert post.round(lease=successor).results == Counter()
    post.let_go(running)

    post.check(jane="sent")
    assert attempts(post.connection) == ["unknown", "sent"]
    assert column(post.connection, "owner") == post.lease.owner


@pytest.mark.parametrize(("seconds", "holds"), [(30, True), (1, False), (-1, False)])
def test_a_claim_that_is_asked_for_again_holds_within_the_term_of_what_has_moved_over(
    post: Post, seconds: int, holds: bool
) -> None:
    post.plan(JANE)
    identity = {**post.lease.identity, "is_forced": False, "id": post.ids[0]}
    assert ledger.SQL["claim"].first(post.connection, **identity)

    # As the row of a notification that has moved over is dated: a thousand years ahead.
    post.connection.execute(
        "UPDATE cronjob_locks SET expires_at ="
        " clock_timestamp() + make_interval(secs => %s) + m2s_orchestration.reach()",
        (seconds,),
    )

    assert bool(ledger.SQL["is_claimed"].first(post.connection, **identity)) is holds
