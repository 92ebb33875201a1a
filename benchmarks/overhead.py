"""What a run costs that has nothing to send: seconds, processor and memory, beside Dagster's own.

A club without members, so that a notification reads, decides, records and finds nothing to send.
The baseline is a job of three ops that do nothing, started in the same way on the same instance
(SQLite in a folder). Ours and the baseline run in turn, several times, and the figures of a run are
the lowest of them. *m2s's own share* is the difference of two runs in turn, the middle one of all,
because a shared machine is now quicker and now slower; its bar is 0.3 s and 15 MB. The present
command is `manage.py` with nothing to do, as it was measured on such a machine: 2.7 s and 98 MB.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from itertools import count
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.clock import megabytes_of
from benchmarks.findings import Findings, Row
from benchmarks.laboratory import Laboratory
from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_tables
from m2s_orchestration.postgres import statements

NAME = "overhead"
TITLE = "A run's overhead"

JOB = "notify_late_sprs"
OURS, BARE = "m2s_orchestration.definitions", "benchmarks.bare_dagster"
TIMES = 9
PRESENT_SECONDS, PRESENT_MEGABYTES = 2.7, 98.0
ALLOWED_SECONDS, ALLOWED_MEGABYTES = 0.3, 15.0
EVENTS = statements(__package__, "overhead.sql")["events"].text
ROOT = Path(__file__).resolve().parents[1]
IMPORTED = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", re.MULTILINE)

_minutes = count(1)


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    seconds: float
    processor: float
    megabytes: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            self.seconds - other.seconds,
            self.processor - other.processor,
            self.megabytes - other.megabytes,
        )


@dataclass(frozen=True)
class Stage:
    """Where processes run: their environment, and a folder for their files."""

    environment: dict[str, str]
    folder: Path


Command = Callable[[], Sequence[str]]


def measure(laboratory: Laboratory) -> Findings:
    """Three ways to run a job, each beside a bare one."""
    times = 1 if laboratory.is_small else TIMES
    rows: list[Row] = []
    with laboratory.database("overhead") as database:
        with psycopg.connect(database.conninfo) as connection:
            load_tables(connection)
            site = resources.files("m2s_orchestration.demo") / "club_site.sql"
            connection.execute(site.read_bytes())
        migrate(database)
        stage = _stage(laboratory.folder / "overhead", database.conninfo)
        for name, (ours, bare) in _ways(stage).items():
            pairs = [(_cost(stage, ours()), _cost(stage, bare())) for _ in range(times)]
            rows.extend(_compared(name, pairs))
        rows.append(_code_location(stage))
        remarks = (*_imports(stage), *_kept_by_dagster(stage), *_of_the_driver(stage))
    return Findings(tuple(rows), remarks=remarks)


def _stage(folder: Path, conninfo: str) -> Stage:
    home = folder / "dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "DAGSTER_HOME": str(home),
        "DATABASE_URL": conninfo,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": "9",
    }
    return Stage(environment, folder)


def _ways(stage: Stage) -> dict[str, tuple[Command, Command]]:
    python = sys.executable
    dagster = (python, "-W", "ignore", "-m", "dagster")
    return {
        "m2s run": (
            lambda: (python, "-m", "m2s_orchestration.cli", "run", JOB, "--as-of", _moment()),
            lambda: (python, "-m", BARE),
        ),
        "dagster job execute": (
            lambda: (*dagster, "job", "execute", "-m", OURS, "-j", JOB, "-c", _config(stage)),
            lambda: (*dagster, "job", "execute", "-m", BARE, "-j", "three_ops"),
        ),
        "the run worker": (
            lambda: (*dagster, "api", "execute_run", _worker(stage, OURS, JOB)),
            lambda: (*dagster, "api", "execute_run", _worker(stage, BARE, "three_ops")),
        ),
    }


def _moment() -> str:
    """A moment that no run was about: decided anew, and not too late."""
    moment = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=next(_minutes))
    return moment.isoformat()


def _config(stage: Stage) -> str:
    file = stage.folder / "config.yaml"
    file.write_text(f"as_of: '{_moment()}'\n", encoding="utf-8")
    return str(file)


def _worker(stage: Stage, module: str, job: str) -> str:
    config = json.dumps({"as_of": _moment()} if job == JOB else {})
    command = (sys.executable, "-W", "ignore", "-m", "benchmarks.worker_arguments")
    return subprocess.run(
        (*command, module, job, config),
        env=stage.environment,
        cwd=stage.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def _cost(stage: Stage, command: Sequence[str]) -> Cost:
    told = stage.folder / "told.txt"
    launched = subprocess.run(
        (sys.executable, "-m", "benchmarks.launcher", str(told), *command),
        env=stage.environment,
        cwd=stage.folder,
        check=False,
        capture_output=True,
        text=True,
    )
    if launched.returncode:
        raise RuntimeError((launched.stderr + told.read_text(encoding="utf-8"))[-2000:])
    return Cost(*map(float, launched.stdout.split()))


def _each(chosen: Callable[[Iterable[float]], float], costs: Iterable[Cost]) -> Cost:
    """One of the seconds, one of the megabytes, and so on."""
    return Cost(*map(chosen, zip(*map(astuple, costs), strict=True)))


def _compared(name: str, pairs: Sequence[tuple[Cost, Cost]]) -> Iterator[Row]:
    ours = _each(min, (one for one, _ in pairs))
    bare = _each(min, (other for _, other in pairs))
    own = _each(median, (one - other for one, other in pairs))
    yield Row(name, "time", ours.seconds, "s", "bare Dagster", bare.seconds)
    yield Row(name, "time", ours.seconds, "s", "manage.py", PRESENT_SECONDS)
    yield Row(name, "processor", ours.processor, "s", "bare Dagster", bare.processor)
    yield Row(name, "memory", ours.megabytes, "MB", "bare Dagster", bare.megabytes)
    yield Row(name, "memory", ours.megabytes, "MB", "manage.py", PRESENT_MEGABYTES)
    seconds, megabytes = max(own.seconds, 0.001), max(own.megabytes, 0.1)
    yield Row(f"{name}: m2s's own", "time", seconds, "s", "allowed", ALLOWED_SECONDS, bar=1)
    yield Row(f"{name}: m2s's own", "memory", megabytes, "MB", "allowed", ALLOWED_MEGABYTES, bar=1)


def _code_location(stage: Stage) -> Row:
    """The memory of a server that only has the definitions loaded, as one club's is all day."""
    ours, bare = (_serving(stage, module) for module in (OURS, BARE))
    return Row("a code location, idle", "memory", ours, "MB", "bare Dagster", bare)


def _serving(stage: Stage, module: str) -> float:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = (sys.executable, "-m", "dagster", "api", "grpc", "-p", port, "-m", module)
    with (stage.folder / "told.txt").open("w") as told:
        server = subprocess.Popen(
            command, env=stage.environment, cwd=stage.folder, stdout=told, stderr=told
        )
        try:
            _wait_for(int(port), server)
            return megabytes_of(server.pid)
        finally:
            server.kill()
            server.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the code location on port {port} ended with {server.returncode}")


def _kept_by_dagster(stage: Stage) -> Iterator[str]:
    """How many events of our latest run Dagster's storage keeps."""
    runs = Path(stage.environment["DAGSTER_HOME"], "history", "runs").glob("*-*.db")
    counted = []
    for file in runs:
        with closing(sqlite3.connect(file)) as database:
            counted.append(database.execute(EVENTS).fetchone()[0])
    yield (
        f"Dagster keeps {max(counted)} events of a run of ours with nothing to send, and"
        f" {min(counted)} of the three ops that do nothing."
    )


def _imports(stage: Stage) -> Iterator[str]:
    """What importing costs in a run, by who is imported."""
    command = (sys.executable, "-X", "importtime", "-m", "m2s_orchestration.cli")
    told = subprocess.run(
        (*command, "run", JOB, "--as-of", _moment()),
        env=stage.environment,
        cwd=stage.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    spent: dict[str, int] = {}
    for microseconds, module in IMPORTED.findall(told):
        top = module.partition(".")[0]
        spent[top] = spent.get(top, 0) + int(microseconds)
    dearest = sorted(spent, key=lambda top: -spent[top])[:12]
    listed = ", ".join(f"{top} {spent[top] / 1000:.0f} ms" for top in dearest)
    yield f"Imports of `m2s run`, all told {sum(spent.values()) / 1e6:.2f} s: {listed}."


def _of_the_driver(stage: Stage) -> Iterator[str]:
    """What PostgreSQL's driver takes of our memory, beside a Dagster that is imported."""
    told = subprocess.run(
        (sys.executable, "-m", "benchmarks.driver"),
        env=stage.environment,
        cwd=stage.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    imported, connected = map(float, told.split())
    yield (
        f"Of m2s's own memory the driver psycopg, which brings its own OpenSSL, takes"
        f" {imported:.1f} MB imported and {connected:.1f} MB more at the first connection."
    )
