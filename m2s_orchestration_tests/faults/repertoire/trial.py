"""Tries one case out: a run while the server is ill, a look at the ledger, a run after it."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.faults.bench.bench import Site
from m2s_orchestration_tests.faults.bench.processes import Ended
from m2s_orchestration_tests.faults.repertoire.case import (
    LOGIN,
    PATIENCE,
    VICTIM,
    Case,
    settings_of,
)
from m2s_orchestration_tests.faults.repertoire.certificates import certificate, write_authority
from m2s_orchestration_tests.faults.repertoire.shorter_waits import shorten
from m2s_orchestration_tests.smtp_server import SmtpServer

RUN = (
    *("run", "report_duty_delinquents", "--as-of", "2026-03-01T07:00:00Z"),
    *("--send-late", "--json"),
)
OFFERED = ("encryption", "context", "login", "ways_to_log_in", "extensions", "knows_ehlo")

DELIVERIES = """
SELECT address, state, reason, not_before - clock_timestamp() AS rest
FROM m2s_orchestration.delivery WHERE address IS NOT NULL ORDER BY id
"""
# An hour goes by: leases end, rests are over, and whoever could still testify has done so.
AN_HOUR_GOES_BY = """
SET session_replication_role = replica;
UPDATE cronjob_locks SET expires_at = expires_at - interval '1 hour';
UPDATE m2s_orchestration.delivery
SET claimed_at = claimed_at - interval '1 hour', changed_at = changed_at - interval '1 hour',
    not_before = not_before - interval '1 hour';
RESET session_replication_role;
"""
NOBODY_WAS_TOLD = """
DELETE FROM m2s_orchestration.attempt;
DELETE FROM m2s_orchestration.delivery;
DELETE FROM m2s_orchestration.notice;
DELETE FROM m2s_orchestration.occurrence;
DELETE FROM m2s_orchestration.lease_event;
DELETE FROM cronjob_locks;
DELETE FROM notifications_notification;
UPDATE members_member SET email = replace(email, 'dönna', 'donna');
"""
ADDRESS_IN_UNICODE = """
UPDATE members_member SET email = replace(email, 'donna', 'dönna') WHERE email = %s
"""


@dataclass(frozen=True)
class Delivery:
    """How a delivery stands; `rest` is for how many minutes it is left alone."""

    address: str
    state: str
    reason: str
    rest: int | None


@dataclass(frozen=True)
class State:
    """How things stand after a run: what it said, what the ledger has, who has received what."""

    run: Ended
    deliveries: tuple[Delivery, ...]
    received: Counter[str]
    leases: tuple[str, ...]

    @property
    def result(self) -> Mapping[str, Any]:
        """What `--json` printed."""
        told: dict[str, Any] = json.loads(self.run.output)
        return told


@dataclass(frozen=True)
class Seen:
    """What came of a case: after the run with the ill server, in the list, after the next run."""

    case: Case
    ill: State
    listed: str
    well: State


def try_out(site: Site, case: Case, *, connections: int) -> Seen:
    """Try a case out, with so many connections unless it says how many."""
    _execute(site.database, NOBODY_WAS_TOLD)
    with _server(case) as server, _door(case, server) as port:
        settings = {
            **settings_of(case),
            "EMAIL_HOST": server.host,
            "EMAIL_PORT": str(server.port),
            "EMAIL_CONNECTIONS": str(case.connections or connections),
            "SSL_CERT_FILE": str(write_authority(site.folder)),
        }
        if case.address_in_unicode:
            _execute(site.database, ADDRESS_IN_UNICODE, [VICTIM])
        with _ill(case, server):
            run = _run(site, case, {**settings, "EMAIL_PORT": str(port), **case.environment})
            ill = _state(site, server, run)
        listed = site.m2s("deliveries", "list", environment=settings)
        _execute(site.database, AN_HOUR_GOES_BY)
        return Seen(case, ill, listed.output, _state(site, server, _run(site, case, settings)))


def _run(site: Site, case: Case, settings: Mapping[str, str]) -> Ended:
    before = (shorten, PATIENCE) if case.is_silent else ()
    return site.start(*RUN, environment=settings, before=before).ended()


def _server(case: Case) -> SmtpServer:
    return SmtpServer(
        encryption="starttls" if case.encrypted else "none",
        context=certificate() if case.encrypted else None,
        login=LOGIN if case.with_login else None,
    )


@contextmanager
def _door(case: Case, server: SmtpServer) -> Iterator[int]:
    """The port at which the server is looked for while it is ill."""
    if not case.nobody_listens:
        yield server.port
        return
    with socket.socket() as closed:
        # Ours, so that nobody else opens it meanwhile, and nobody listens there.
        closed.bind((server.host, 0))
        yield int(closed.getsockname()[1])


@contextmanager
def _ill(case: Case, server: SmtpServer) -> Iterator[None]:
    offered = {name: getattr(server, name) for name in OFFERED}
    case.ill(server)
    for rule in reversed(case.rules):
        server.on(
            *(rule.stage, rule.act),
            recipient=VICTIM if rule.to_one else None,
            after=rule.after,
            beside=rule.beside,
            times=rule.times,
        )
    yield
    server.forget_rules()
    vars(server).update(offered)


def _state(site: Site, server: SmtpServer, run: Ended) -> State:
    with site.database.connect("laboratory") as connection:
        return State(
            run=run,
            deliveries=tuple(_deliveries(connection)),
            received=Counter(mail.recipient for mail in server.accepted),
            leases=tuple(
                owner for (owner,) in connection.execute("SELECT locked_by FROM cronjob_locks")
            ),
        )


def _deliveries(connection: Connection) -> Iterator[Delivery]:
    for address, state, reason, rest in connection.execute(DELIVERIES):
        minutes = round(rest.total_seconds() / 60) if state == "retry" else None
        yield Delivery(address, state, reason, minutes)


def _execute(database: Database, statements: str, values: list[object] | None = None) -> None:
    with database.connect("laboratory") as connection:
        connection.execute(statements, values)
