"""A run that is killed at any step of the ledger, and the run after it."""

from __future__ import annotations

import json
import signal

import pytest

from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.acceptance.conftest import Site

NOTIFICATION = "report_duty_delinquents"
AS_OF = "2026-03-01T07:00:00Z"
MANAGERS = [
    "donna.whitfield@members.highmeadowsoaring.example",
    "jessica.trent@members.highmeadowsoaring.example",
    "roland.beck@members.highmeadowsoaring.example",
]

# Nothing has left before the claim, and after the testimony the ledger knows.
CERTAIN = (
    "acquire",
    "configuration",
    "delinquents",
    "open_occurrence",
    "plan",
    "add_notice",
    "committed",
    "sweep",
    "unsent",
    "load",
    "MAIL",
    "RCPT",
    "DATA",
    "body",
    "testify",
    "close_occurrence",
    "release",
)
IN_DOUBT = ("claim", "dot", "reply")


def killed_at(site: Site, step: str) -> None:
    process = site.run(
        "m2s_orchestration_tests.acceptance.killed_run",
        NOTIFICATION,
        AS_OF,
        step,
        EMAIL_CONNECTIONS="1",
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    lapse(site.database)


def lapse(database: Database) -> None:
    """Let the dead holder's term be over."""
    with database.connect("test") as connection:
        connection.execute("UPDATE cronjob_locks SET expires_at = now() - interval '1 second'")


def states(database: Database) -> dict[str, int]:
    with database.connect("test") as connection:
        rows = connection.execute(
            "SELECT state, count(*) FROM m2s_orchestration.delivery"
            " WHERE address IS NOT NULL GROUP BY state"
        ).fetchall()
    return dict(rows)


def run_again(site: Site) -> dict[str, object]:
    process = site.run(
        "m2s_orchestration.cli", "run", NOTIFICATION, "--as-of", AS_OF, "--send-late", "--json"
    )
    result: dict[str, object] = json.loads(process.stdout)
    return result


@pytest.mark.parametrize("step", CERTAIN)
def test_nobody_is_told_twice_and_nobody_is_left_out(site: Site, step: str) -> None:
    killed_at(site, step)

    run_again(site)

    assert site.recipients() == MANAGERS
    assert states(site.database) == {"sent": 3}
    with site.database.connect("test") as connection:
        notices = connection.execute(
            "SELECT count(*) FROM notifications_notification WHERE message LIKE '19 members fly%'"
        ).fetchone()
    assert notices == (3,)


@pytest.mark.parametrize("step", IN_DOUBT)
def test_a_message_in_doubt_is_named_and_never_sent_again_by_a_machine(
    site: Site, step: str
) -> None:
    killed_at(site, step)

    result = run_again(site)
    again = run_again(site)

    assert result["outcome"] == again["outcome"] == "incomplete"
    assert result["unknown"] == again["unknown"] == 1
    assert states(site.database) == {"sent": 2, "unknown": 1}
    received = site.recipients()
    assert len(received) == len(set(received))
    assert len(received) == (2 if step == "claim" else 3)
