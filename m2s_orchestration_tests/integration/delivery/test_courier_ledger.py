from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from m2s_orchestration.delivery import hand, ledger
from m2s_orchestration.errors import (
    DatabaseFault,
    DatabaseUnreachable,
    MissingPermission,
)
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.integration.delivery.conftest import NewLease
from m2s_orchestration_tests.integration.delivery.lossy_road import LossyRoad
from m2s_orchestration_tests.integration.delivery.plans import (
    attempts,
    states,
)
from m2s_orchestration_tests.integration.delivery.post import (
    JANE,
    JIM,
    JOHN,
    Post,
    assert_untouched,
)
from m2s_orchestration_tests.smtp_script import (
    hang,
)

CLAIM = b"SET state = 'sending'"


TESTIMONY = b"sent_at = CASE WHEN"


def test_the_ledgers_connection_is_lost_before_the_claim(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("data", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round)
    post.server.wait_for("data")

    assert post.cut_ledger() == 1
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=3))
    post.check(jane="sent", john="sent", jim="sent")


def test_the_ledgers_connection_is_lost_in_the_middle_of_the_claim(
    post: Post, pool: ThreadPoolExecutor, database: Database
) -> None:
    post.plan(JANE)
    with database.connect("somebody") as somebody, somebody.transaction():
        somebody.execute("SELECT FROM m2s_orchestration.delivery FOR UPDATE")
        running = pool.submit(post.round)
        eventually(post.somebody_waits)
        assert post.cut_ledger() == 1
        eventually(post.somebody_waits)

    assert running.result().results == Counter(sent=1)
    post.check(jane="sent")


def test_the_ledgers_connection_is_lost_at_the_testimony(
    post: Post, pool: ThreadPoolExecutor
) -> None:
    post.server.on("dot", hang(), times=1)
    post.plan(JANE, JOHN, JIM)
    running = pool.submit(post.round)
    post.server.wait_for("dot")

    assert post.cut_ledger() == 1
    went = post.let_go(running)

    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert attempts(post.connection) == ["sent"]
    post.check(jane="sent", john="sent", jim="sent")


@pytest.mark.parametrize("mark", [CLAIM, TESTIMONY])
def test_the_ledgers_answer_is_lost_after_it_took_effect(mark: bytes, post: Post) -> None:
    post.plan(JANE, JOHN, JIM)

    with LossyRoad(post.database, mark=mark) as road:
        went = post.round(database=road.database)

    assert road.losses == 1
    assert (went.fault, went.results) == (None, Counter(sent=3))
    assert attempts(post.connection) == ["sent"]
    post.check(jane="sent", john="sent", jim="sent")


def test_a_claim_is_asked_for_until_the_ledger_is_back(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)

    with LossyRoad(post.database, mark=CLAIM, times=3) as road:
        went = post.round(database=road.database)

    assert (went.fault, went.results) == (None, Counter(sent=3))
    post.check(jane="sent", john="sent", jim="sent")


def test_a_claim_whose_answer_took_all_the_time_and_was_lost_is_asked_for_once_more(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "CLAIM_WITHIN", 0.0)
    post.plan(JANE)

    with LossyRoad(post.database, mark=CLAIM) as road:
        went = post.round(database=road.database)

    assert (went.fault, went.results) == (None, Counter(sent=1))


def test_a_message_whose_claim_is_never_answered_is_not_sent_and_the_fault_says_so(
    post: Post,
) -> None:
    post.plan(JANE, JOHN)

    with LossyRoad(post.database, mark=CLAIM, times=99) as road:
        went = post.round(database=road.database)

    assert isinstance(went.fault, DatabaseUnreachable)
    assert f"delivery {post.ids[0]}" in str(went.fault)
    assert "was not sent" in str(went.fault)
    assert post.server.reached("dot") == 0


def test_a_claim_that_is_confirmed_too_late_every_time_is_taken_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "CLAIM_HOLDS_FOR", 0.0)
    post.plan(JANE)

    went = post.round()

    assert (went.fault, went.results) == (None, Counter())
    assert post.server.reached("dot") == 0
    assert attempts(post.connection) == ["retry"]
    post.check(jane="retry")


def test_what_the_ledger_refuses_at_a_claim_is_said_with_the_remedy(post: Post) -> None:
    post.plan(JANE)
    post.connection.execute(
        "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE insufficient_privilege; END $$;"
        " CREATE TRIGGER trouble BEFORE UPDATE ON m2s_orchestration.delivery"
        " FOR EACH ROW EXECUTE FUNCTION trouble()"
    )
    try:
        went = post.round()
    finally:
        post.connection.execute("DROP FUNCTION trouble() CASCADE")

    assert isinstance(went.fault, MissingPermission)
    assert "Grant it the right" in str(went.fault)
    assert post.server.reached("dot") == 0
    post.check(jane="planned")


def test_a_testimony_that_never_arrives_leaves_a_doubt(post: Post, new_lease: NewLease) -> None:
    post.plan(JANE, JOHN)

    with LossyRoad(post.database, mark=TESTIMONY, times=99, before=True) as road:
        went = post.round(database=road.database)

    assert isinstance(went.fault, DatabaseUnreachable)
    assert states(post.connection) == {JANE: "sending", JOHN: "planned"}
    post.lease.release()
    successor = new_lease()
    successor.acquire(wait=timedelta(0))
    ledger.sweep(post.connection, successor)
    post.check(jane="unknown", john="planned")
    post.round(lease=successor)
    post.check(jane="unknown", john="sent")


def test_a_row_that_somebody_touches_meanwhile_is_claimed_all_the_same(
    post: Post, pool: ThreadPoolExecutor, database: Database
) -> None:
    post.plan(JANE)
    with database.connect("somebody") as somebody, somebody.transaction():
        somebody.execute(
            "UPDATE m2s_orchestration.delivery SET due_until = due_until + interval '1 hour'"
        )
        running = pool.submit(post.round)
        eventually(post.somebody_waits)

    assert running.result().results == Counter(sent=1)
    post.check(jane="sent")


def test_without_the_ledger_nothing_is_sent(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)

    went = post.round(database=Database("postgresql://m2s@127.0.0.1:1/nowhere"))

    assert isinstance(went.fault, DatabaseUnreachable)
    assert post.server.reached("connect") == 0
    assert_untouched(post)


def test_a_read_only_ledger_sends_nothing(post: Post) -> None:
    post.plan(JANE, JOHN, JIM)
    read_only = Database(
        f"{post.database.conninfo}?options=-c%20default_transaction_read_only%3Don"
    )

    went = post.round(database=read_only)

    assert isinstance(went.fault, DatabaseFault)
    assert post.server.reached("dot") == 0
    assert_untouched(post)
