"""A ledger, and the lease that is needed to write in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from m2s_orchestration.delivery import hand
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.integration.delivery.plans import NOTIFICATION
from m2s_orchestration_tests.integration.delivery.post import Post
from m2s_orchestration_tests.smtp_server import SmtpServer

NewLease = Callable[..., Lease]

# With so few rows this is ten times as fast as TRUNCATE.
EMPTY_AGAIN = """
DELETE FROM m2s_orchestration.attempt;
DELETE FROM m2s_orchestration.delivery;
DELETE FROM m2s_orchestration.notice;
DELETE FROM m2s_orchestration.occurrence;
DELETE FROM m2s_orchestration.lease_event;
DELETE FROM m2s_orchestration.cutover;
DELETE FROM cronjob_locks;
DELETE FROM notifications_notification;
"""


@pytest.fixture(scope="session")
def shared_database(postgres: EmbeddedPostgres, ledger_template: str) -> Database:
    """One database for all tests of this folder: a copy for each would take most of their time."""
    postgres.create_database("delivery", template=ledger_template)
    return Database(postgres.conninfo("delivery"))


@pytest.fixture
def database(shared_database: Database) -> Database:
    """The demo club without notices and an empty ledger."""
    with shared_database.connect("empty") as connection:
        connection.execute(EMPTY_AGAIN)
    return shared_database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """Connected to the demo club with an empty ledger."""
    with database.connect("test") as connection:
        yield connection


@pytest.fixture
def new_lease(database: Database) -> Iterator[NewLease]:
    """Makes leases on the same notification, each as of a run of its own; ends them afterwards."""
    made: list[Lease] = []

    def make(run_id: str = "0123456789abcdef", **values: Any) -> Lease:
        defaults: dict[str, Any] = {
            "notification": NOTIFICATION,
            "deadline": timedelta(minutes=5),
        }
        made.append(Lease(database, run_id=run_id, **{**defaults, **values}))
        return made[-1]

    yield make
    for lease in made:
        lease.release()


@pytest.fixture
def lease(new_lease: NewLease) -> Lease:
    """A lease that is held."""
    held = new_lease()
    held.acquire(wait=timedelta(0))
    return held


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here needs a pause before the next try."""
    monkeypatch.setattr(hand, "RECONNECT_AFTER", (0.0, 0.0))
    monkeypatch.setattr(hand, "CLAIM_AGAIN_AFTER", (0.0, 0.01, 0.1))
    monkeypatch.setattr(hand, "TESTIFY_AGAIN_AFTER", (0.0, 0.01, 0.1))


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def post(
    database: Database,
    connection: Connection,
    lease: Lease,
    server: SmtpServer,
    impatient: None,
) -> Post:
    return Post(database, connection, lease, server)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool
