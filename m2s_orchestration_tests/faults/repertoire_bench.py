"""Clubs with a ledger, and runs of m2s for them in processes forked from a warm one."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database

PATIENCE = 300.0
CLUB = "repertoire_club"

_warm = multiprocessing.get_context("forkserver")
_warm.set_forkserver_preload(["m2s_orchestration_tests.faults.repertoire_warm"])


@dataclass(frozen=True)
class Ended:
    """How a run ended, and what it said."""

    status: int
    output: str
    errors: str


class Run:
    """A command line of m2s, under way."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        *,
        environment: Mapping[str, str],
        folder: Path,
        before: tuple[Any, ...] = (),
    ) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._process = _warm.Process(
            target=_enter, args=(arguments, dict(environment), folder, before)
        )
        self._process.start()

    def ended(self) -> Ended:
        """Wait for its end."""
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            raise AssertionError(f"the run in {self._folder} did not end")
        output, errors = (self._folder / name for name in ("output", "errors"))
        return Ended(self._process.exitcode or 0, output.read_text(), errors.read_text())


@dataclass
class Site:
    """One club, and the runs for it."""

    database: Database
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def start(self, *arguments: str, before: tuple[Any, ...] = (), **environment: str) -> Run:
        """Start `m2s …` for this club."""
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "DATABASE_URL": self.database.conninfo,
            "SITE_URL": "https://www.example.org",
            "DEFAULT_FROM_EMAIL": "office@highmeadowsoaring.example",
        }
        return Run(
            arguments,
            environment={**own, **environment},
            folder=self.folder / f"run-{next(self._numbers)}",
            before=before,
        )

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


class Bench:
    """A PostgreSQL server, a folder, and as many clubs as wanted."""

    def __init__(self, postgres: EmbeddedPostgres, folder: Path) -> None:
        self.postgres = postgres
        self.folder = folder
        self._numbers = count(1)

    @contextmanager
    def site(self) -> Iterator[Site]:
        """A demo club of its own, nobody of which has been told anything."""
        name = f"repertoire_{next(self._numbers)}"
        self.postgres.create_database(name, template=self._template)
        try:
            yield Site(Database(self.postgres.conninfo(name)), self.folder / name)
        finally:
            self.postgres.drop_database(name)
            shutil.rmtree(self.folder / name, ignore_errors=True)

    @contextmanager
    def hands(self, number: int) -> Iterator[ThreadPoolExecutor]:
        """Several pairs of hands: most of an experiment is waiting for processes."""
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


def _enter(
    arguments: tuple[str, ...], environment: dict[str, str], folder: Path, before: tuple[Any, ...]
) -> None:
    """Be a fresh m2s."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for name, descriptor in (("output", 1), ("errors", 2)):
        with (folder / name).open("w") as file:
            os.dup2(file.fileno(), descriptor)
    if before:
        before[0](*before[1:])
    from m2s_orchestration.cli import main  # noqa: PLC0415 - it is there already, in the warm process

    with contextlib.ExitStack() as stack:
        stack.callback(sys.stderr.flush)
        stack.callback(sys.stdout.flush)
        main.main(args=list(arguments), prog_name="m2s")
