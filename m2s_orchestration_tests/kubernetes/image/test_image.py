"""Dockerfile, its lock and compose.yaml agree with each other and with helm-values.yaml.

That the image can be built and its parts start is shown by `make image`, which takes minutes.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from m2s_orchestration.settings import VARIABLES
from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.image import composed, engine

ROOT = values.ROOT
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTION = re.compile(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.MULTILINE)
INSTRUCTIONS = [(name, text.strip()) for name, text in INSTRUCTION.findall(DOCKERFILE)]
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s\\;]+)", re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

each_service = pytest.mark.parametrize("name", composed.ours())


def all_of(instruction: str) -> list[str]:
    return [text for name, text in INSTRUCTIONS if name == instruction]


def pinned(file: str) -> dict[str, str]:
    """The versions that a lock names."""
    return dict(PINNED.findall((ROOT / file).read_text(encoding="utf-8")))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", requirement)[0].lower() for requirement in requirements}


def test_it_runs_as_the_user_that_the_pods_run_as() -> None:
    security = values.code_server(values.read())["podSecurityContext"]

    assert all_of("USER") == [f"{security['runAsUser']}:{security['runAsGroup']}"]
    assert security["runAsUser"] > 0


def test_what_is_built_is_run_on_the_same_python() -> None:
    assert {text.split()[0] for text in all_of("FROM")} == {engine.BASE}


def test_the_whole_command_is_left_to_whoever_starts_it() -> None:
    assert all_of("ENTRYPOINT") == []


def test_without_a_command_it_is_the_code_server_of_the_chart() -> None:
    deployment = values.code_server(values.read())
    (command,) = map(json.loads, all_of("CMD"))

    assert command[:3] == ["dagster", "api", "grpc"]
    assert [part for part in deployment["dagsterApiGrpcArgs"] if part not in command] == []
    assert command[command.index("--port") + 1] == str(deployment["port"])


def test_dagsters_home_is_where_the_chart_puts_its_file() -> None:
    (environment,) = all_of("ENV")
    mounts = values.code_server(values.read())["volumeMounts"]

    assert f"DAGSTER_HOME={values.HOME}" in environment
    assert values.HOME in {mount["mountPath"] for mount in mounts}


def test_every_file_that_is_copied_is_let_in_and_no_other() -> None:
    let_in = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        source.removeprefix("./").rstrip("/")
        for text in all_of("COPY")
        if "--from=" not in text
        for source in text.split()[:-1]
        if not source.startswith("--")
    }

    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert "\n*\n" in (ROOT / ".dockerignore").read_text(encoding="utf-8")


def test_the_image_gets_a_part_of_the_lock_and_nothing_of_tests_and_demo() -> None:
    whole, part = pinned("requirements.lock"), pinned("requirements-image.lock")
    elsewhere = {
        name for group in PROJECT["optional-dependencies"].values() for name in names(group)
    }

    assert part.items() <= whole.items()
    assert names(PROJECT["dependencies"]) <= part.keys()
    # What email-validator and rich need; the tests and the demo only name it themselves.
    assert elsewhere & part.keys() == {"idna", "markdown-it-py"}


@each_service
def test_a_service_is_held_as_tightly_as_a_pod(name: str) -> None:
    service = composed.ours()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]


@each_service
def test_a_service_is_told_nothing_that_is_not_read(name: str) -> None:
    assert composed.ours()[name]["environment"].keys() <= set(VARIABLES)


@pytest.mark.parametrize("name", ["webserver", "daemon"])
def test_webserver_and_daemon_ask_the_code_location_and_know_no_secret_of_the_clubs(
    name: str,
) -> None:
    service = composed.ours()[name]
    command: list[str] = service["command"]

    assert command[command.index("--grpc-host") + 1] == "code"
    assert command[command.index("--grpc-port") + 1] == "3030"
    assert service["environment"].keys() == {"DAGSTER_PG_URL"}


def test_nothing_of_it_can_be_reached_from_another_machine() -> None:
    ports: list[Any] = [
        port for service in composed.services().values() for port in service.get("ports", ())
    ]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
