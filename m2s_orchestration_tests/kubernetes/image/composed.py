"""compose.yaml, carried out service by service with podman, on servers of the demo's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from m2s_orchestration.demo.mailbox import Mailbox
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.image.engine import IMAGE, podman

FILE = values.ROOT / "compose.yaml"
OURS = "m2s_orchestration"


def services() -> dict[str, dict[str, Any]]:
    """The services of the file, by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    """Those that are made of our image."""
    return {name: service for name, service in services().items() if service["image"] == OURS}


@dataclass(frozen=True)
class Composed:
    """The services of ours, as containers; the database and the mail server are the demo's."""

    postgres: EmbeddedPostgres
    mailbox: Mailbox
    limits: Mapping[str, str] = field(default_factory=dict)

    def run(self, name: str) -> str:
        """Run a service to its end; returns what it printed."""
        return podman("run", "--rm", *self._arguments(name)).stdout.strip()

    def start(self, name: str) -> None:
        """Start a service."""
        podman("run", "--detach", *self._arguments(name))

    def ask(self, name: str, *command: str) -> bool:
        """Whether a command in a service's container succeeds."""
        return podman("exec", self._called(name), *command, check=False).returncode == 0

    def said(self, name: str, *command: str) -> str:
        """What a command in a service's container prints, faults and all."""
        process = podman("exec", self._called(name), *command, check=False)
        return (process.stdout + process.stderr).strip()

    def logs(self, name: str) -> str:
        """What a service has printed."""
        process = podman("logs", self._called(name), check=False)
        return process.stdout + process.stderr

    def stop(self, name: str) -> int:
        """Ask a service to end, as a cluster does; returns how it did, 137 if it was killed."""
        podman("stop", "--time", "30", self._called(name))
        code = podman("inspect", "--format", "{{.State.ExitCode}}", self._called(name)).stdout
        return int(code)

    def peak(self, name: str) -> int:
        """The most memory that a service has had, in MiB."""
        called = self._called(name)
        process = podman("inspect", "--format", "{{.State.CgroupPath}}", called)
        group = process.stdout.strip().lstrip("/")
        for file in (
            Path("/sys/fs/cgroup/memory") / group / "memory.max_usage_in_bytes",
            Path("/sys/fs/cgroup") / group / "memory.peak",
        ):
            if file.exists():
                return int(file.read_text("ascii")) // 2**20
        raise FileNotFoundError(f"The kernel tells no peak of {group}.")

    def clean(self) -> None:
        """Remove every container and volume of this rehearsal."""
        podman("rm", "--all", "--force", "--time", "0")
        podman("volume", "rm", "--all", "--force")

    def _called(self, name: str) -> str:
        return f"m2s-{name}"

    def _arguments(self, name: str) -> Iterator[str]:
        service = services()[name]
        yield from ("--name", self._called(name), "--network", "host")
        yield from (f"--add-host={host}:127.0.0.1" for host in services())
        if service["read_only"]:
            yield from ("--read-only", "--read-only-tmpfs=false")
        yield from (f"--tmpfs={place}" for place in service["tmpfs"])
        yield from (f"--cap-drop={capability}" for capability in service["cap_drop"])
        yield from (
            f"--security-opt={option.replace(':true', '')}" for option in service["security_opt"]
        )
        yield from (f"--volume={volume}" for volume in service.get("volumes", ()))
        yield from (f"--env={key}={value}" for key, value in self._environment(service).items())
        if limit := self.limits.get(name):
            yield from ("--memory", limit, "--memory-swap", limit)
        yield IMAGE
        yield from service.get("command", ())

    def _environment(self, service: Mapping[str, Any]) -> dict[str, str]:
        """The service's own, with the demo's servers in place of the file's."""
        given = dict(service["environment"])
        for name in ("DATABASE_URL", "DAGSTER_PG_URL"):
            if name in given:
                given[name] = self.postgres.conninfo(given[name].rpartition("/")[2])
        if "EMAIL_PORT" in given:
            given["EMAIL_PORT"] = str(self.mailbox.port)
        return given
