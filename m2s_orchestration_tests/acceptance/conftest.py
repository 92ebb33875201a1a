"""Whole runs: a club's database, a mailbox that keeps everything, an environment for both."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Site:
    """A club that runs can be started for, as other processes, by its environment alone."""

    database: Database
    mailbox: Mailbox
    environment: dict[str, str]
    folder: Path

    def command(self, *arguments: str) -> list[str]:
        """The arguments of a `python -m …` process."""
        return [sys.executable, "-m", *arguments]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `python -m …` for this club."""
        return subprocess.Popen(
            self.command(*arguments),
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m …` for this club to its end."""
        process = self.start(*arguments, **environment)
        output, errors = process.communicate(timeout=180)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def recipients(self) -> list[str]:
        """Who got a mail, once for every mail, in alphabetical order."""
        return sorted(address for mail in self.mailbox.messages() for address in mail.recipients)


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    """The demo club with an empty ledger, and a mailbox."""
    with Mailbox(tmp_path / "mailbox") as mailbox:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "DATABASE_URL": database.conninfo,
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mailbox.port),
            "SITE_URL": "https://www.example.org",
        }
        yield Site(database, mailbox, environment, tmp_path)


@pytest.fixture
def instance(
    site: Site, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The instance that dagster.yaml describes, in a database of this test's own."""
    home = site.folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text((ROOT / "dagster.yaml").read_text())
    postgres.create_database("dagster_of_a_test")
    site.environment["DAGSTER_HOME"] = str(home)
    site.environment["DAGSTER_PG_URL"] = postgres.conninfo("dagster_of_a_test")
    for name in ("DAGSTER_HOME", "DAGSTER_PG_URL"):
        monkeypatch.setenv(name, site.environment[name])
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance
    postgres.drop_database("dagster_of_a_test")


def settings(site: Site) -> Settings:
    """What a process of this club reads from its environment."""
    return Settings.from_environment(site.environment)


def switch_on(site: Site, schedule: str) -> None:
    """Switch a schedule on, as its switch in the UI does."""
    process = site.run(
        "dagster", "schedule", "start", "--workspace", str(ROOT / "workspace.yaml"), schedule
    )
    assert process.returncode == 0, process.stderr
