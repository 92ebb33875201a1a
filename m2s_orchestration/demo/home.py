"""Everything the demo needs, in one folder: the servers, the club, Dagster's home."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.mailbox import HOST, Mailbox
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.demo.web import serve
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import VARIABLES

CLUB = "club"
DAGSTER = "dagster"
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Home:
    """What is open while the demo lasts: the mailbox, and the address of its web pages."""

    mailbox: Mailbox
    pages: str


@contextmanager
def opened(folder: Path) -> Iterator[Home]:
    """The demo's servers, running, and this process's environment set to use them.

    The club is made at the first time and kept, with its ledger, from then on.
    """
    with (
        EmbeddedPostgres(folder / "postgres") as postgres,
        Mailbox(folder / "mailbox") as mailbox,
        serve(folder, free_port(8025)) as pages,
    ):
        _make_club(postgres)
        if not postgres.database_exists(DAGSTER):
            postgres.create_database(DAGSTER)
        home = Home(mailbox, pages)
        _enter(_environment(folder, postgres, home), folder)
        yield home


def _enter(environment: dict[str, str], folder: Path) -> None:
    """Leave whatever club this shell is set up for, and note how another shell gets here."""
    for name in {name for name in os.environ if name.removesuffix("_FILE") in VARIABLES}:
        del os.environ[name]
    os.environ.update(environment)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    note = folder / "environment"
    note.touch(mode=0o600)
    note.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_club(postgres: EmbeddedPostgres) -> None:
    if not postgres.database_exists(CLUB):
        # Under another name until it is whole: an interrupted first start is begun again.
        postgres.drop_database("club_being_made")
        postgres.create_database("club_being_made")
        with psycopg.connect(postgres.conninfo("club_being_made")) as connection:
            load_tables(connection)
            load_demo_club(connection)
        postgres.create_database(CLUB, template="club_being_made")
        postgres.drop_database("club_being_made")
    migrate(Database(postgres.conninfo(CLUB)))


def free_port(wanted: int) -> int:
    """The wanted port if it is free, else any."""
    with socket.socket() as listener:
        # One that a demo has just left is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, wanted))
        except OSError:
            listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port


def _environment(folder: Path, postgres: EmbeddedPostgres, home: Home) -> dict[str, str]:
    dagster = folder / "dagster"
    dagster.mkdir(parents=True, exist_ok=True)
    shutil.copy(CHECKOUT / "dagster.yaml", dagster / "dagster.yaml")
    return {
        "DATABASE_URL": postgres.conninfo(CLUB),
        "DAGSTER_PG_URL": postgres.conninfo(DAGSTER),
        "DAGSTER_HOME": str(dagster.resolve()),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(home.mailbox.port),
        "DEFAULT_FROM_EMAIL": "High Meadow Soaring Club <office@highmeadowsoaring.example>",
        "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
        "MEDIA_ROOT": str((folder / "media").resolve()),
        "MEDIA_URL": f"{home.pages}media",
        "DOCS_URL": f"{home.pages}docs",
    }
