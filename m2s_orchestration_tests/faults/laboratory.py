"""What every part of the fault laboratory works with: clubs, witnesses, and rows of the table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.smtp_server import SmtpServer

TEMPLATE = "template_faults"

_numbers = count(1)


@dataclass(frozen=True)
class Row:
    """One line of the table: what was tried so often, and what became of the mail.

    `wrong` counts whatever else broke the promise: a notice twice, a lease kept, a lie in the
    ledger. `findings` says each wrong thing in a sentence.
    """

    part: str
    tried: int
    duplicates: int = 0
    lost: int = 0
    unknown: int = 0
    wrong: int = 0
    findings: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the promise was kept; a message in doubt that is named keeps it."""
        return not (self.duplicates or self.lost or self.wrong)


@dataclass(frozen=True)
class Club:
    """A club's database with an empty ledger, and the mail server that is the witness."""

    database: Database
    witness: SmtpServer

    @property
    def environment(self) -> dict[str, str]:
        """What a run's process needs to serve this club, with one connection to the server."""
        return {
            "DATABASE_URL": self.database.conninfo,
            "EMAIL_HOST": self.witness.host,
            "EMAIL_PORT": str(self.witness.port),
            "EMAIL_CONNECTIONS": "1",
            "SITE_URL": "https://www.example.org",
        }

    def received(self) -> list[str]:
        """The Message-ID of every mail that the witness took, once for each time."""
        return [mail.header("Message-ID") for mail in self.witness.accepted]


@dataclass(frozen=True)
class Laboratory:
    """A PostgreSQL server with the demo club as a template, and a folder for what parts leave."""

    postgres: EmbeddedPostgres
    folder: Path

    @contextmanager
    def club(self) -> Iterator[Club]:
        """A club of one's own: a copy of the demo club, and a witness that remembers all mail."""
        name = f"faults_{next(_numbers)}"
        self.postgres.create_database(name, template=TEMPLATE)
        try:
            with SmtpServer() as witness:
                yield Club(Database(self.postgres.conninfo(name)), witness)
        finally:
            self.postgres.drop_database(name)


@contextmanager
def opened() -> Iterator[Laboratory]:
    """A laboratory in a temporary folder, with a server of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="m2s-faults-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
    ):
        yield equipped(postgres, Path(folder))


def equipped(postgres: EmbeddedPostgres, folder: Path) -> Laboratory:
    """A laboratory on this server, which gets the template if it has none."""
    if not postgres.database_exists(TEMPLATE):
        postgres.create_database(TEMPLATE)
        with psycopg.connect(postgres.conninfo(TEMPLATE)) as connection:
            load_tables(connection)
            load_demo_club(connection)
        migrate(Database(postgres.conninfo(TEMPLATE)))
    return Laboratory(postgres, folder)
