"""Runs of a notification at the moment of the demo club's day at which it has something to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.sql import SQL, Identifier

from m2s_orchestration.demo.day import agenda
from m2s_orchestration.framework import Notification
from m2s_orchestration.framework.report import Report
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Connection
from m2s_orchestration.settings import Settings

MOMENTS = {notification.name: tick for tick, notification in agenda(NOTIFICATIONS)}
TABLES = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname IN ('public', 'm2s_orchestration') ORDER BY 1, 2
"""

# A test that takes `notification` runs for each that is listed.
every_notification = pytest.mark.parametrize(
    "notification", NOTIFICATIONS, ids=lambda item: item.name
)


def settings(conninfo: str, port: int = 9) -> Settings:
    """The club's environment; nothing listens on the port of discarded mail."""
    return Settings.from_environment(
        {
            "DATABASE_URL": conninfo,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(port),
            "EMAIL_CONNECTIONS": "1",
            "SITE_URL": "https://www.example.org",
            "DEFAULT_FROM_EMAIL": "office@highmeadowsoaring.example",
            "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
        }
    )


@contextmanager
def run_of(
    notification: Notification,
    environment: Settings,
    *,
    later: timedelta = timedelta(0),
    **values: object,
) -> Iterator[NotificationRun]:
    """A run at its moment of the demo day, or a while later."""
    moment = MOMENTS[notification.name] + later
    request = Request.parse(
        notification,
        {"as_of": moment.isoformat(), "send_late": True, **values},
        partition=None,
        waits=False,
        now=datetime.now(UTC),
    )
    with closing(NotificationRun(notification, request, environment, run_id="conformance")) as run:
        yield run


def lived(
    notification: Notification, environment: Settings, later: timedelta = timedelta(0)
) -> Report:
    """A whole run: decided, recorded, sent."""
    with run_of(notification, environment, later=later) as run:
        run.begin()
        run.commit()
        return run.email()


def contents(connection: Connection) -> dict[str, str]:
    """A digest of every table of the club and of the ledger."""
    return {
        f"{schema}.{table}": _digest(connection, schema, table)
        for schema, table in connection.execute(TABLES).fetchall()
    }


def _digest(connection: Connection, schema: str, table: str) -> str:
    statement = SQL("SELECT md5(string_agg(md5(t::text), '' ORDER BY t::text)) FROM {} AS t")
    found = connection.execute(statement.format(Identifier(schema, table))).fetchone()
    assert found is not None
    return str(found[0])
