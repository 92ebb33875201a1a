"""How little memory each notification's run gets by with, in a container of its own.

    python -m m2s_orchestration_tests.kubernetes.measure_memory

It needs the image that `make image` builds, and root, and takes half an hour. Every try is a run of
the demo club that has not been served yet: the real worker, with the arguments and the processor of
its Kubernetes Job, under a limit of memory that the kernel holds it to, as on a node that has not
run the image before.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import psycopg
import yaml
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from m2s_orchestration.delivery.migrate import migrate
from m2s_orchestration.demo.club import load_demo_club, load_tables
from m2s_orchestration.demo.day import agenda
from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.image.engine import FOLDER, IMAGE, environment, podman
from m2s_orchestration_tests.kubernetes.jobs import Job, Launching, launching

STEP = 8
LEAST, MOST = 64, 256
PATIENCE = 120.0
CLUB = "club_not_served"
DAGSTER = "dagster"


@dataclass(frozen=True)
class Try:
    """One run under a limit, in MiB."""

    limit: int
    succeeded: bool
    mails: int
    seconds: float
    exit_code: int


@dataclass(frozen=True)
class Bench:
    """The servers that the runs need, and what makes their Jobs."""

    postgres: EmbeddedPostgres
    mailbox: Mailbox
    launching: Launching

    def attempt(self, notification: Notification, *, limit: int) -> Try:
        """One run, of a club that nobody has told anything yet.

        It is killed after two minutes. Short of memory, the kernel first throws out the program's
        own pages and reads them again, for many minutes, before it kills: a run that is alive and
        gets nowhere has too little as well.
        """
        self.postgres.drop_database("club")
        self.postgres.create_database("club", template=CLUB)
        before = len(self.mailbox.messages())
        ((tick, _),) = agenda([notification])
        job = self.launching.launch(
            notification.name, {"as_of": tick.isoformat(), "send_late": True}
        )
        _forget_files()
        began = time.monotonic()
        exit_code = self._run(job, limit)
        seconds = time.monotonic() - began
        run = self.launching.instance.get_run_by_id(job["metadata"]["labels"]["dagster/run-id"])
        tried = Try(
            limit=limit,
            succeeded=bool(run and run.is_success),
            mails=len(self.mailbox.messages()) - before,
            seconds=seconds,
            exit_code=exit_code,
        )
        print(f"{notification.name}: {tried}", flush=True)
        return tried

    def least(self, notification: Notification) -> Try:
        """The try with the smallest limit at which the run succeeds."""
        low, best = LEAST, self.attempt(notification, limit=MOST)
        if not best.succeeded:
            raise RuntimeError(f"{notification.name} fails at {MOST} MiB: exit {best.exit_code}.")
        while best.limit - low > STEP:
            middle = (low + best.limit) // 2 // STEP * STEP
            tried = self.attempt(notification, limit=middle)
            low, best = (low, tried) if tried.succeeded else (middle, best)
        return best

    def _run(self, job: Job, limit: int) -> int:
        name = job["metadata"]["name"]
        process = subprocess.Popen(
            self._command(job, limit),
            env=environment(),
            cwd=FOLDER,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            podman("kill", name)
            return process.wait()

    def _command(self, job: Job, limit: int) -> list[str]:
        name, container = job["metadata"]["name"], job["spec"]["template"]["spec"]["containers"][0]
        cores = container["resources"]["limits"]["cpu"]
        return [
            *("podman", "run", "--rm", "--name", name, "--network", "host", "--read-only"),
            *("--tmpfs", "/tmp", "--tmpfs", f"{values.HOME}:mode=1777"),
            *("--cap-drop", "all", "--security-opt", "no-new-privileges"),
            *("--memory", f"{limit}m", "--memory-swap", f"{limit}m", "--cpus", _cores(cores)),
            *(f"--env={name}={value}" for name, value in self._environment().items()),
            *(container["image"], *container["args"]),
        ]

    def _environment(self) -> dict[str, str]:
        return {
            "DAGSTER_HOME": values.HOME,
            "DAGSTER_PG_PASSWORD": os.environ["DAGSTER_PG_PASSWORD"],
            "DATABASE_URL": self.postgres.conninfo("club"),
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(self.mailbox.port),
            "DEFAULT_FROM_EMAIL": "office@highmeadowsoaring.example",
            "OPERATORS_EMAIL": "operators@highmeadowsoaring.example",
        }


@contextmanager
def bench() -> Iterator[Bench]:
    """A club, a mailbox, and Dagster's storage as helm-values.yaml has it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        mailbox = stack.enter_context(Mailbox(folder / "mailbox"))
        _make_databases(postgres)
        config = _instance_config(postgres)
        (folder / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        instance = stack.enter_context(dg.DagsterInstance.from_config(str(folder)))
        launches = launching(instance, folder, values.launcher_config(values.read()), IMAGE)
        yield Bench(postgres, mailbox, launches)


def _make_databases(postgres: EmbeddedPostgres) -> None:
    postgres.create_database(DAGSTER)
    postgres.create_database(CLUB)
    with psycopg.connect(postgres.conninfo(CLUB)) as connection:
        load_tables(connection)
        load_demo_club(connection)
    migrate(Database(postgres.conninfo(CLUB)))


def _instance_config(postgres: EmbeddedPostgres) -> dict[str, object]:
    config = values.instance_config(values.read())
    server = conninfo_to_dict(postgres.conninfo(DAGSTER))
    os.environ["DAGSTER_PG_PASSWORD"] = str(server["password"])
    for storage in ("run_storage", "event_log_storage", "schedule_storage"):
        config[storage]["config"]["postgres_db"] |= {
            "username": server["user"],
            "hostname": server["host"],
            "port": int(str(server["port"])),
            "db_name": DAGSTER,
        }
    return config


def _cores(quantity: str) -> str:
    return str(int(quantity[:-1]) / 1000) if quantity.endswith("m") else quantity


def _forget_files() -> None:
    """As on a node that has not run this image before: its files have to come from the disk."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("1", encoding="ascii")


def main() -> None:
    """Measure every notification, and print the table that docs/kubernetes.md holds."""
    table = Table("notification", "least limit", "seconds at it", "mails", "at its own limit")
    with bench() as servers:
        for notification in NOTIFICATIONS:
            least = servers.least(notification)
            own = int(notification.pod.memory[1].removesuffix("Mi"))
            usual = servers.attempt(notification, limit=own)
            table.add_row(
                notification.name,
                f"{least.limit}Mi",
                f"{least.seconds:.1f}",
                str(least.mails),
                f"{own}Mi: {'succeeds' if usual.succeeded else 'FAILS'}, {usual.seconds:.1f} s",
            )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
