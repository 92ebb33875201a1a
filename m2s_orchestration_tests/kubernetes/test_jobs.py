"""The Kubernetes Jobs that the real K8sRunLauncher makes of our jobs and our values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.application.definition import build_job
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.pod import run_tags
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.kubernetes import checks
from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.jobs import Job, kubernetes_jobs, launching
from m2s_orchestration_tests.kubernetes.objects.manifests import faults

Jobs = dict[str, Job]

each = pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda item: item.name)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """The Job of every notification."""
    return kubernetes_jobs(tmp_path_factory.mktemp("launching"))


def pod(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = job["spec"]["template"]["spec"]
    return found


def container(job: Job) -> dict[str, Any]:
    (found,) = pod(job)["containers"]
    return dict(found)


@each
def test_a_cluster_would_take_it(jobs: Jobs, notification: Notification) -> None:
    assert faults(jobs[notification.name]) == []


@each
def test_it_runs_the_notification_from_our_image(jobs: Jobs, notification: Notification) -> None:
    job = jobs[notification.name]

    assert container(job)["args"][:3] == ["dagster", "api", "execute_run"]
    assert notification.name in container(job)["args"][3]
    assert container(job)["image"] == values.image(values.read())


@each
def test_its_pod_is_the_declared_one(jobs: Jobs, notification: Notification) -> None:
    job = jobs[notification.name]
    memory, cpu = notification.pod.memory, notification.pod.cpu

    assert container(job)["resources"] == {
        "requests": {"memory": memory[0], "cpu": cpu[0]},
        "limits": {"memory": memory[1], "cpu": cpu[1]},
    }


@each
def test_it_is_started_once_and_ends(jobs: Jobs, notification: Notification) -> None:
    job = jobs[notification.name]

    assert job["spec"]["backoffLimit"] == 0
    assert pod(job)["restartPolicy"] == "Never"
    assert job["spec"]["activeDeadlineSeconds"] > notification.deadline.total_seconds()
    assert job["spec"]["ttlSecondsAfterFinished"] == 3 * 24 * 60 * 60


@each
def test_kubernetes_ends_it_only_when_dagster_had_its_time(
    jobs: Jobs, notification: Notification
) -> None:
    monitoring: Any = checks.instance_file()["run_monitoring"]
    others = ("start_timeout_seconds", "poll_interval_seconds", "cancel_timeout_seconds")
    runs = int(run_tags(notification)["dagster/max_runtime"])
    allowed = runs + sum(monitoring[name] for name in others)

    assert jobs[notification.name]["spec"]["activeDeadlineSeconds"] >= allowed


@each
def test_no_run_counts_as_ended_while_its_pod_may_still_work(
    jobs: Jobs, notification: Notification
) -> None:
    monitoring: Any = checks.instance_file()["run_monitoring"]

    grace = pod(jobs[notification.name])["terminationGracePeriodSeconds"]
    assert grace <= monitoring["cancel_timeout_seconds"]


@each
def test_it_has_the_clubs_secret_and_no_say_in_the_cluster(
    jobs: Jobs, notification: Notification
) -> None:
    job = jobs[notification.name]
    bindings = [item for item in values.read()["extraManifests"] if item["kind"] == "RoleBinding"]
    bound = {subject["name"] for item in bindings for subject in item["subjects"]}

    assert container(job)["envFrom"] == [{"secretRef": {"name": "manage2soar-env"}}]
    assert pod(job)["automountServiceAccountToken"] is False
    assert pod(job)["serviceAccountName"] not in bound


@pytest.mark.parametrize("command", COMMANDS, ids=lambda item: item.name)
def test_only_the_run_of_a_command_may_start_a_pod(jobs: Jobs, command: ApplicationCommand) -> None:
    job = jobs[command.name]
    bindings = [item for item in values.read()["extraManifests"] if item["kind"] == "RoleBinding"]
    bound = {item["roleRef"]["name"]: item["subjects"][0]["name"] for item in bindings}

    assert faults(job) == []
    assert pod(job)["automountServiceAccountToken"] is True
    assert pod(job)["serviceAccountName"] == bound["m2s-commands"]


@each
def test_the_document_tells_its_figures(jobs: Jobs, notification: Notification) -> None:
    text = (values.ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\| `{notification.name}` \| (?:\d+|none) \|.*$", text, re.MULTILINE)
    seconds = int(notification.deadline.total_seconds())
    hard = jobs[notification.name]["spec"]["activeDeadlineSeconds"]
    figures = [
        f"{seconds}, {hard}",
        *map(", ".join, (notification.pod.memory, notification.pod.cpu)),
    ]

    assert line.endswith(f"| {' | '.join(figures)} |")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda item: item.name)
def test_the_document_tells_what_a_commands_pods_get(
    jobs: Jobs, command: ApplicationCommand
) -> None:
    text = (values.ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\| `{command.name}` \| \d+ \|.*$", text, re.MULTILINE)
    given = container(jobs[command.name])["resources"]
    soft = int(build_job(command).run_tags["dagster/max_runtime"])
    hard = jobs[command.name]["spec"]["activeDeadlineSeconds"]
    theirs = [
        str(int(command.deadline.total_seconds())),
        *map(", ".join, (command.pod.memory, command.pod.cpu)),
    ]
    ours = [
        f"{soft}, {hard}",
        *(f"{given['requests'][name]}, {given['limits'][name]}" for name in ("memory", "cpu")),
    ]

    assert line == f"| `{command.name}` | {' | '.join([*theirs, *ours])} |"


def test_the_launcher_refuses_a_key_that_it_does_not_know(tmp_path: Path) -> None:
    config = {**values.launcher_config(values.read()), "resorces": {}}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        pytest.raises(ValueError, match="resorces"),
    ):
        launching(instance, tmp_path, config, "image:1")


def test_the_worker_does_not_load_what_would_double_its_memory() -> None:
    assert checks.imported_by_the_worker() & set(checks.TOO_LARGE) == set()
