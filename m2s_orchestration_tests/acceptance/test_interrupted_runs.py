"""A run in the middle of a mail: what others find, and what a request to stop does."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from m2s_orchestration_tests.acceptance.conftest import Site
from m2s_orchestration_tests.smtp_script import hang
from m2s_orchestration_tests.smtp_server import SmtpServer

NOTIFICATION = "report_duty_delinquents"
ARGUMENTS = ("run", NOTIFICATION, "--as-of", "2026-03-01T07:00Z", "--send-late", "--json")


@pytest.fixture
def server(site: Site) -> Iterator[SmtpServer]:
    """A mail server that accepts the first mail and does not say so until it is released."""
    with SmtpServer() as server:
        server.on("dot", hang(accepts=True), times=1)
        site.environment.update(EMAIL_PORT=str(server.port), EMAIL_CONNECTIONS="1")
        yield server


@pytest.fixture
def running(site: Site, server: SmtpServer) -> subprocess.Popen[str]:
    """A run that waits for the answer to its first mail."""
    process = site.start("m2s_orchestration.cli", *ARGUMENTS)
    server.wait_for("dot")
    return process


def ended(process: subprocess.Popen[str]) -> dict[str, object]:
    output, _ = process.communicate(timeout=60)
    printed: dict[str, object] = json.loads(output)
    return printed


def test_while_a_run_holds_the_lease_nobody_else_gets_it(
    site: Site, server: SmtpServer, running: subprocess.Popen[str]
) -> None:
    ours = [NOTIFICATION, "web-7f9c-1"]
    with site.database.connect("test") as connection:
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
                " VALUES (%s, %s, now(), now() + interval '15 minutes')",
                ours,
            )
        taken = connection.execute(
            "INSERT INTO cronjob_locks AS held (job_name, locked_by, locked_at, expires_at)"
            " VALUES (%s, %s, now(), now() + interval '15 minutes')"
            " ON CONFLICT (job_name) DO UPDATE SET locked_by = excluded.locked_by"
            " WHERE held.expires_at < now() RETURNING locked_by",
            ours,
        ).fetchall()
    second = site.run("m2s_orchestration.cli", *ARGUMENTS)
    server.release()

    assert taken == []
    assert (second.returncode, json.loads(second.stdout)["outcome"]) == (75, "busy")
    assert ended(running)["sent"] == 3


def test_a_request_to_stop_lets_the_mail_in_hand_be_finished_and_begins_no_other(
    site: Site, server: SmtpServer, running: subprocess.Popen[str]
) -> None:
    running.send_signal(signal.SIGTERM)
    server.release()
    stopped = ended(running)
    with site.database.connect("test") as connection:
        leases = connection.execute("SELECT * FROM cronjob_locks").fetchall()
        states = connection.execute(
            "SELECT state, count(*) FROM m2s_orchestration.delivery"
            " WHERE address IS NOT NULL GROUP BY state ORDER BY state"
        ).fetchall()

    assert (running.returncode, stopped["outcome"]) == (1, "incomplete")
    assert leases == []
    assert states == [("planned", 2), ("sent", 1)]
    assert len(server.accepted) == 1


def test_the_run_after_it_sends_the_rest(
    site: Site, server: SmtpServer, running: subprocess.Popen[str]
) -> None:
    running.send_signal(signal.SIGTERM)
    server.release()
    ended(running)

    after = ended(site.start("m2s_orchestration.cli", *ARGUMENTS))

    assert (after["outcome"], after["sent"]) == ("sent", 2)
    assert len({message.recipient for message in server.accepted}) == len(server.accepted) == 3
