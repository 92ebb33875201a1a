"""The demo as `make dev` starts it, and what can be asked of it beside the browser."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from m2s_orchestration.demo.mailbox import ReceivedMail, read_mailbox
from m2s_orchestration_tests.eventually import eventually

ROOT = Path(__file__).parents[2]
UI = re.compile(r"Dagster's UI: (http://\S+/)  The mailbox: (http://\S+/)")
OPERATORS = "operators@highmeadowsoaring.example"
STARTS_WITHIN = 180.0  # seconds; a club is made and lives its day
OFTEN = 0.25  # seconds


@dataclass(frozen=True)
class Demo:
    """A demo that is running: its UI, its pages, its folder."""

    ui: str
    pages: str
    folder: Path

    def mails(self) -> list[ReceivedMail]:
        """What the mailbox has."""
        return read_mailbox(self.folder / "mailbox")

    def mails_to_members(self) -> list[ReceivedMail]:
        """Of them those that no alert is."""
        return [mail for mail in self.mails() if mail.recipients != (OPERATORS,)]

    def environment(self) -> dict[str, str]:
        """As after `source .demo/environment`."""
        text = (self.folder / "environment").read_text(encoding="utf-8")
        pairs = (word.partition("=") for word in shlex.split(text.replace("export ", "")))
        return {"PATH": os.environ["PATH"], **{name: value for name, _, value in pairs}}

    def m2s(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command of ours, in another shell."""
        return subprocess.run(
            [sys.executable, "-m", "m2s_orchestration.cli", *arguments],
            env={**self.environment(), **environment},
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
        )

    def execute(self, statement: str, *values: object) -> None:
        """A statement in the club's database."""
        with psycopg.connect(self.environment()["DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement, values)

    def asked(self, query: str) -> Any:
        """What Dagster's webserver answers to a query."""
        request = urllib.request.Request(
            f"{self.ui}graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)["data"]


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """The demo, from its start until Ctrl-C."""
    log = folder.parent / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "m2s_orchestration.demo", "--keep-running", "--folder", folder],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder.parent), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        told = eventually(lambda: _told(process, log), within=STARTS_WITHIN, every=OFTEN)
        demo = Demo(told[1], told[2], folder)
        eventually(lambda: _is_up(demo), within=STARTS_WITHIN, every=OFTEN)
        yield demo
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _told(process: subprocess.Popen[bytes], log: Path) -> re.Match[str] | None:
    text = log.read_text()
    assert process.poll() is None, text
    return UI.search(text)


def _is_up(demo: Demo) -> bool:
    """Whether the webserver has the jobs."""
    try:
        found = demo.asked("{repositoriesOrError {... on RepositoryConnection {nodes {name}}}}")
    except (urllib.error.URLError, ConnectionError):
        return False
    return bool(found["repositoriesOrError"].get("nodes"))
