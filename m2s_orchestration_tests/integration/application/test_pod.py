"""Commands in pods of the application's image: Kubernetes' real client, a process for a pod."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kubernetes
import pytest

from m2s_orchestration.application import pod
from m2s_orchestration.errors import CommandFailed
from m2s_orchestration.postgres import Connection
from m2s_orchestration_tests.integration.application.api_server import (
    JOBS,
    PODS,
    ApiServer,
)
from m2s_orchestration_tests.integration.application.conftest import CLOSE, MANAGE, Run

IN_A_POD = {
    "APPLICATION_IMAGE": "club/web:42",
    "APPLICATION_COMMAND": f"{sys.executable} {MANAGE}",
}
NAME = "close-billing-periods-01234567"


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    monkeypatch.setattr(pod, "LOOKED_AT_EVERY", 0.1)
    with ApiServer(tmp_path) as server:
        monkeypatch.setattr(
            kubernetes.config.kube_config,
            "KUBE_CONFIG_DEFAULT_LOCATION",
            str(server.kubeconfig()),
        )
        yield server


def test_it_is_a_job_of_the_applications_image(run: Run, said: list[str], api: ApiServer) -> None:
    result = run(**IN_A_POD)

    assert result.verdict.outcome == "done"
    assert said == [
        "hello close_billing_periods --verbosity=1",
        "close_billing_periods is done",
    ]
    assert api.job
    assert api.job["metadata"]["name"] == NAME
    (container,) = api.job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "club/web:42"
    # Kubernetes removes it by itself, after an hour in which people can look at it.
    assert api.deleted == []


def test_its_exit_status_counts(run: Run, said: list[str], api: ApiServer) -> None:
    result = run(behaviour="fail", **IN_A_POD)

    assert "exit status 1" in str(result.verdict.fault)
    assert said[0] == "j***@example.org <- undeliverable"
    assert api.deleted == []


def test_an_image_that_is_nowhere_is_a_failure_with_its_reason(
    run: Run, said: list[str], api: ApiServer
) -> None:
    api.pulls_image = False

    result = run(**IN_A_POD)

    assert "no exit status: ErrImagePull, DeadlineExceeded" in str(result.verdict.fault)
    assert said == []
    assert api.deleted == [f"{JOBS}/{NAME}", f"{PODS}/the-pod"]


@pytest.mark.parametrize("status", [403, 422])
def test_a_cluster_that_refuses_is_a_failure_with_its_words(
    status: int, run: Run, api: ApiServer
) -> None:
    api.refuses = status

    result = run(**IN_A_POD)

    assert isinstance(result.verdict.fault, CommandFailed)
    assert "Kubernetes does not run the command's Job: " in str(result.verdict.fault)
    assert "service account" in str(result.verdict.fault)


def test_an_interrupt_deletes_the_job_which_tells_the_command_to_end(
    run: Run, api: ApiServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Dagster raises in the middle of a step when its own pod is told to end."""

    class Interrupt(BaseException):
        pass

    def waiting_is_interrupted(seconds: float) -> None:
        if api.log.exists() and "waiting" in api.log.read_text():
            raise Interrupt

    monkeypatch.setattr("time.sleep", waiting_is_interrupted)

    with pytest.raises(Interrupt):
        run(CLOSE, "wait", **IN_A_POD)

    assert api.process
    assert api.process.wait(timeout=30) == 143
    assert api.log.read_text().splitlines() == ["waiting", "told to end"]
    assert api.deleted[0] == f"{JOBS}/{NAME}"
    ours = "SELECT count(*) FROM cronjob_locks WHERE job_name = %s"
    assert connection.execute(ours, (CLOSE.lease_name,)).fetchone() == (0,)


def test_who_does_not_start_a_pod_needs_none_of_kubernetes_libraries() -> None:
    """They need more memory than all the rest of a run."""
    program = (
        "import sys; import m2s_orchestration.definitions;"
        " print({'kubernetes', 'dagster_k8s'} & sys.modules.keys())"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "set()"
