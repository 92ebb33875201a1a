"""A club, its web application, and runs of its commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.application.run import CommandRun, Result
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings

CLOSE, SUMMARIES, DUMPS = COMMANDS
ROOT = Path(__file__).parents[3]
MANAGE = Path(__file__).with_name("manage.py")

Run = Callable[..., Result]


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.connect("test") as connection:
        yield connection


@pytest.fixture
def environment(database: Database, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a run is configured by; the web application inherits ours."""
    monkeypatch.setenv("CLUB", database.conninfo)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return {
        "DATABASE_URL": database.conninfo,
        "EMAIL_HOST": "localhost",
        "APPLICATION_COMMAND": f"{sys.executable} {MANAGE}",
    }


@pytest.fixture
def said() -> list[str]:
    """What the command has said so far."""
    return []


@pytest.fixture
def run(environment: dict[str, str], said: list[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command to its end; `behaviour` is what happens to it."""

    def once(
        command: ApplicationCommand = CLOSE, behaviour: str = "hello", wait: int = 0, **more: Any
    ) -> Result:
        monkeypatch.setenv("BEHAVIOUR", behaviour)
        made = CommandRun(
            command,
            Settings.from_environment({**environment, **more}),
            run_id="0123456789abcdef",
            wait=timedelta(seconds=wait),
        )
        with closing(made):
            return made.execute(said.append)

    return once
