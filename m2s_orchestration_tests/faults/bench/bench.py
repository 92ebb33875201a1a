"""The bench: clubs, each with a ledger and a mail server that remembers, and their runs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.day import agenda
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.faults.bench.points import Trap
from m2s_orchestration_tests.faults.bench.processes import Before, Ended, Run
from m2s_orchestration_tests.faults.bench.wires import Wires
from m2s_orchestration_tests.smtp_server import SmtpServer

CLUB = "laboratory_club"
HANDS = min(4, 2 * (os.cpu_count() or 1))

# Of every notification the moment of the demo club's day at which it has something to say.
MOMENTS = {notification.name: tick for tick, notification in agenda(NOTIFICATIONS)}


@dataclass
class Site:
    """One club: its database, its mail server, and the runs for it."""

    database: Database
    server: SmtpServer
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def start(
        self,
        *arguments: str,
        wires: Wires | None = None,
        environment: Mapping[str, str] | None = None,
        before: Before = (),
    ) -> Run:
        """Start `m2s …` for this club, over these wires and with changes to its environment.

        `before` is a function of the tests and its arguments, called first in the process.
        """
        return Run(
            arguments,
            environment={**self._environment(wires), **(environment or {})},
            folder=self.folder / f"run-{next(self._numbers)}",
            before=before,
        )

    def m2s(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
        """Run `m2s …` for this club to its end."""
        return self.start(*arguments, environment=environment).ended()

    def lapse(self) -> None:
        """Let the term of whoever holds a lease be over, as if a minute had passed."""
        with self.database.connect("laboratory") as connection:
            connection.execute("UPDATE cronjob_locks SET expires_at = now() - interval '1 second'")

    def let_all_be_due(self) -> None:
        """Let the rest of whatever waits for another try be over."""
        with self.database.connect("laboratory") as connection:
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET not_before = '-infinity'"
                " WHERE state = 'retry'"
            )

    def wires(self, trap: Trap | None = None, *, hands: int = 1) -> Wires:
        """Wires to this club's servers, for a run with so many hands."""
        port = int(str(conninfo_to_dict(self.database.conninfo)["port"]))
        return Wires(port, self.server.port, trap=trap, hands=hands)

    def _environment(self, wires: Wires | None, *, hands: int = 1) -> dict[str, str]:
        named = conninfo_to_dict(self.database.conninfo)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DB_NAME": str(named["dbname"]),
            "DB_USER": str(named["user"]),
            "DB_PASSWORD": str(named["password"]),
            "DB_HOST": str(named["host"]),
            "DB_PORT": str(wires.database_port if wires else named["port"]),
            # Not encrypted, so that the wires can be read.
            "DB_SSLMODE": "disable",
            "PGGSSENCMODE": "disable",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(wires.mail_port if wires else self.server.port),
            "EMAIL_CONNECTIONS": str(wires.hands if wires else hands),
            "SITE_URL": "https://www.example.org",
            "DEFAULT_FROM_EMAIL": "office@highmeadowsoaring.example",
        }


class Bench:
    """Where experiments are made: a PostgreSQL server, a folder, and as many clubs as wanted."""

    def __init__(self, postgres: EmbeddedPostgres, folder: Path) -> None:
        self.postgres = postgres
        self.folder = folder
        self._numbers = count(1)

    @contextmanager
    def site(self) -> Iterator[Site]:
        """A demo club of its own, nobody of which has been told anything."""
        name = f"laboratory_{next(self._numbers)}"
        folder = self.folder / name
        self.postgres.create_database(name, template=self._template)
        try:
            with SmtpServer() as server:
                yield Site(Database(self.postgres.conninfo(name)), server, folder)
        finally:
            self.postgres.drop_database(name)
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def hands(self, number: int = HANDS) -> Iterator[ThreadPoolExecutor]:
        """Several pairs of hands: most of an experiment is waiting for processes."""
        # The template is made before they reach for it.
        assert self._template
        with ThreadPoolExecutor(number, thread_name_prefix="experiment") as pool:
            yield pool

    @cached_property
    def _template(self) -> str:
        if not self.postgres.database_exists(CLUB):
            self.postgres.create_database(CLUB)
            with psycopg.connect(self.postgres.conninfo(CLUB)) as connection:
                load_tables(connection)
                load_demo_club(connection)
            migrate(Database(self.postgres.conninfo(CLUB)))
        return CLUB


def run_of(notification: str) -> tuple[str, ...]:
    """The arguments of a run at the moment when the notification has something to say."""
    moment = MOMENTS[notification].isoformat()
    return ("run", notification, "--as-of", moment, "--send-late", "--json")
