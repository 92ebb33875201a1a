"""Runs of a notification on a club of the test's own, up to their commit; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from m2s_orchestration.framework import Notification
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings


@contextmanager
def begun(notification: Notification, database: Database, as_of: str) -> Iterator[NotificationRun]:
    """A run at that moment that has read the club, decided, and holds its lease."""
    values = {"as_of": as_of, "send_late": True}
    now = datetime.now(UTC)
    request = Request.parse(notification, values, partition=None, waits=False, now=now)
    environment = {
        "DATABASE_URL": database.conninfo,
        "EMAIL_HOST": "localhost",
        "DEFAULT_FROM_EMAIL": "noreply@example.org",
        "OPERATORS_EMAIL": "operators@example.org",
    }
    settings = Settings.from_environment(environment)
    run = NotificationRun(notification, request, settings, run_id="a test's run")
    run.begin()
    try:
        assert run.evaluation.decision is not None
        yield run
    finally:
        run.close()
