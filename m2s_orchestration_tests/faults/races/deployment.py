"""Dagster itself for one club: an instance in PostgreSQL, a code server, and real daemons."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES as ENDED
from dagster._core.scheduler.instigation import ScheduleInstigatorData

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework import tags
from m2s_orchestration.monitoring.missed_occurrences import UNDER_WAY
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.faults.bench.bench import Site

ROOT = Path(__file__).parents[3]
HOST = "127.0.0.1"
PATIENCE = 300.0  # seconds
GRACE = 20.0  # seconds to end in, once told to
LOOK_EVERY = 0.5  # seconds

WORKSPACE = """
load_from:
  - grpc_server:
      host: {host}
      port: {port}
      location_name: m2s_orchestration
"""
# To look on without being part of it: the same storage, and nothing else.
ONLOOKER = """
storage:
  postgres:
    postgres_url: {url}
telemetry:
  enabled: false
"""


@dataclass(frozen=True)
class Seen:
    """A run as Dagster remembers it; `started_by` is schedule, sensor, backfill or person."""

    run_id: str
    partition: str
    started_by: str
    status: str
    outcome: str


class Deployment:
    """Everything of Dagster that a club runs, but for the UI."""

    def __init__(self, site: Site, home: Path, url: str, stack: ExitStack) -> None:
        self.site = site
        self.home = home
        self.environment = {"DAGSTER_HOME": str(home), "DAGSTER_PG_URL": url}
        self._stack = stack
        self._instance = stack.enter_context(_onlooker(home, url))
        with socket.create_server((HOST, 0)) as free:
            self._port: int = free.getsockname()[1]
        workspace = WORKSPACE.format(host=HOST, port=self._port)
        (home / "workspace.yaml").write_text(workspace)

    def serve(self, module: str, **environment: str) -> None:
        """Start the code server, and return when it answers."""
        place = ("--host", HOST, "--port", str(self._port), "--location-name", "m2s_orchestration")
        self._start("code server", "dagster", "api", "grpc", "-m", module, *place, **environment)
        eventually(self._is_serving, within=PATIENCE, every=LOOK_EVERY)

    def start_daemon(self, name: str) -> None:
        """Start a daemon; nobody counts how many there are."""
        self._start(name, "dagster._daemon", "run", "-w", str(self.home / "workspace.yaml"))

    def dagster(self, *arguments: str) -> str:
        """Run a command of Dagster's on this workspace; returns what it says."""
        ended = subprocess.run(
            [*_python("dagster"), *arguments, "-w", str(self.home / "workspace.yaml")],
            env=self._whole_environment(),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def switch_on(self, schedule: str, *, since: datetime) -> None:
        """Switch a schedule on, as of a moment at which nothing ran that could serve it."""
        self.dagster("schedule", "start", schedule)
        (state,) = (
            state
            for state in self._instance.all_instigator_state()
            if state.instigator_name == schedule
        )
        was = state.instigator_data
        assert isinstance(was, ScheduleInstigatorData)
        began = ScheduleInstigatorData(was.cron_schedule, since.timestamp())
        self._instance.update_instigator_state(state.with_data(began))

    def runs(self) -> list[Seen]:
        """Every run so far, the oldest first."""
        records = self._instance.get_run_records(ascending=True)
        return [_seen(record.dagster_run) for record in records]

    def is_quiet(self) -> bool:
        """Whether no run is under way and no backfill either."""
        going = [item for item in self._instance.get_backfills() if item.status not in ENDED]
        return not going and not self._instance.get_runs_count(dg.RunsFilter(statuses=UNDER_WAY))

    def log_of(self, name: str) -> str:
        """What a process has said."""
        return (self.home / f"{name}.log").read_text()

    def _start(self, name: str, *arguments: str, **environment: str) -> None:
        with (self.home / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                [*_python(arguments[0]), *arguments[1:]],
                env={**self._whole_environment(), **environment},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: what it starts can be ended with it.
                start_new_session=True,
            )
        self._stack.callback(_end, process)

    def _whole_environment(self) -> dict[str, str]:
        ours = {"PYTHONPATH": str(ROOT), **self.environment}
        return {**self.site._environment(None), **ours}

    def _is_serving(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex((HOST, self._port)) == 0


@contextmanager
def deployed(postgres: EmbeddedPostgres, site: Site) -> Iterator[Deployment]:
    """Dagster for this club, as `dagster.yaml` describes it; all of it is gone afterwards."""
    home = site.folder / "dagster"
    home.mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", home)
    database = f"dagster_of_{site.folder.name}"
    postgres.create_database(database)
    try:
        with ExitStack() as stack:
            yield Deployment(site, home, postgres.conninfo(database), stack)
    finally:
        postgres.drop_database(database)


@contextmanager
def _onlooker(home: Path, url: str) -> Iterator[dg.DagsterInstance]:
    folder = home / "onlooker"
    folder.mkdir()
    (folder / "dagster.yaml").write_text(ONLOOKER.format(url=url))
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


def _python(module: str) -> Sequence[str]:
    # Half of Dagster's commands warn that they will be replaced.
    return (sys.executable, "-W", "ignore", "-m", module)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and end whatever is left of its group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _seen(run: dg.DagsterRun) -> Seen:
    by = {
        "dagster/schedule_name": "schedule",
        "dagster/sensor_name": "sensor",
        "dagster/backfill": "backfill",
    }
    return Seen(
        run_id=run.run_id,
        partition=run.tags.get(tags.PARTITION, ""),
        started_by=next((by[tag] for tag in by if tag in run.tags), "person"),
        status=run.status.value,
        outcome=run.tags.get(tags.OUTCOME, ""),
    )
