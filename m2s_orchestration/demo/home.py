"""Everything the demo needs, in one folder: the servers, the club, Dagster's home."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import VARIABLES

CLUB = "club"
DAGSTER = "dagster"
CHECKOUT = Path(__file__).parents[2]


@contextmanager
def opened(folder: Path) -> Iterator[Mailbox]:
    """The demo's servers, running, and this process's environment set to use them.

    The club is made at the first time and kept, with its ledger, from then on.
    """
    with (
        EmbeddedPostgres(folder / "postgres") as postgres,
        Mailbox(folder / "mailbox") as mailbox,
    ):
        _make_club(postgres)
        if not postgres.database_exists(DAGSTER):
            postgres.create_database(DAGSTER)
        _enter(_environment(folder, postgres, mailbox), folder)
        yield mailbox


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


def _environment(folder: Path, postgres: EmbeddedPostgres, mailbox: Mailbox) -> dict[str, str]:
    home = folder / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(CHECKOUT / "dagster.yaml", home / "dagster.yaml")
    return {
        "DATABASE_URL": postgres.conninfo(CLUB),
        "DAGSTER_PG_URL": postgres.conninfo(DAGSTER),
        "DAGSTER_HOME": str(home.resolve()),
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mailbox.port),
        "DEFAULT_FROM_EMAIL": "High Meadow Soaring Club <office@highmeadowsoaring.example>",
        "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
        "MEDIA_ROOT": str((folder / "media").resolve()),
    }
