"""A real Prometheus, from Debian's package, on this machine and for one test."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from m2s_orchestration_tests.debian import program
from m2s_orchestration_tests.eventually import eventually

JOB = "m2s"


@dataclass(frozen=True)
class Prometheus:
    """It scrapes every two seconds; `address` is its own."""

    address: str

    def ask(self, what: str, **parameters: str) -> Any:
        """What its API answers; fails with its words if it refuses."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.address}/api/v1/{what}?{query}") as reply:
                answer = json.load(reply)
        except urllib.error.HTTPError as refused:
            raise AssertionError(f"{parameters}: {refused.read().decode()}") from refused
        assert answer["status"] == "success", answer
        assert not answer.get("warnings"), answer
        return answer["data"]

    def query(self, expression: str) -> list[Mapping[str, Any]]:
        """The series that an expression comes to now."""
        found: list[Mapping[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def firing(self) -> set[tuple[str, str]]:
        """The alerts that fire, each with the notification (or database, daemon) it is about."""
        return {
            (item["labels"]["alertname"], _subject(item["labels"]))
            for item in self.ask("alerts")["alerts"]
            if item["state"] == "firing"
        }


def _subject(labels: Mapping[str, str]) -> str:
    about = (labels.get(name) for name in ("notification", "database", "daemon"))
    return next((name for name in about if name), "")


@contextmanager
def running(
    folder: Path, port: int, rules: Sequence[Mapping[str, Any]] = ()
) -> Iterator[Prometheus]:
    """Scraping the exporter on a port of this machine, and judging by some rules every second."""
    folder.mkdir()
    (folder / "rules.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": "tested", "rules": list(rules)}]}), encoding="utf-8"
    )
    scraped = {"job_name": JOB, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    seconds = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"}
    config = {"global": seconds, "rule_files": ["rules.yaml"], "scrape_configs": [scraped]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    own = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                program("prometheus", package="prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'samples'}",
                f"--web.listen-address=127.0.0.1:{own}",
            ],
            stdout=log,
            stderr=log,
        )
    prometheus = Prometheus(f"http://127.0.0.1:{own}")
    try:
        eventually(lambda: process.poll() is not None or _is_ready(prometheus), within=60)
        assert process.poll() is None, (folder / "log").read_text()
        yield prometheus
    finally:
        process.terminate()
        process.wait(timeout=30)


def _is_ready(prometheus: Prometheus) -> bool:
    try:
        with urllib.request.urlopen(f"{prometheus.address}/-/ready") as reply:
            return bool(reply.status == 200)
    except urllib.error.URLError:
        return False


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def promtool(*arguments: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Prometheus's own judge of rules and metrics."""
    return subprocess.run(
        [program("promtool", package="prometheus"), *arguments],
        input=given,
        check=False,
        capture_output=True,
        text=True,
    )
