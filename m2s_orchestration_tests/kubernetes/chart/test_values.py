"""helm-values.yaml: no key without effect, the settings of dagster.yaml, no right too many."""

from __future__ import annotations

import copy
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from m2s_orchestration.cli.metrics import metrics
from m2s_orchestration_tests.acceptance.test_metrics import ASKED_BY_PROBES
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes import checks
from m2s_orchestration_tests.kubernetes.chart import agreement, chart_keys, values


def with_a_change(change: Callable[[Any], object]) -> Any:
    """The values, changed."""
    given = copy.deepcopy(values.read())
    change(given)
    return given


def server(given: Any) -> Any:
    (found,) = given["dagster-user-deployments"]["deployments"]
    return found


def test_every_key_is_one_of_the_charts_and_every_value_of_its_type() -> None:
    assert chart_keys.faults(values.read(), chart_keys.read()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda given: given.update(telemtry={"enabled": False}), "did you mean telemetry"),
        (
            lambda given: given["dagsterDaemon"]["runMonitoring"].update(pollInterval=30),
            "runMonitoring.pollInterval: the chart knows no such key",
        ),
        (
            lambda given: server(given).update(strategy={"type": "Recreate"}),
            "deployments[].strategy: the chart knows no such key",
        ),
        (
            lambda given: server(given)["resources"].update(limit={"cpu": "1"}),
            "resources.: Additional properties are not allowed ('limit' was unexpected)",
        ),
        (
            lambda given: given["dagsterWebserver"]["readinessProbe"].update(periodSeconds="20"),
            "readinessProbe.periodSeconds: '20' is not of type",
        ),
        (
            lambda given: given["dagsterWebserver"].update(enableReadOnly="false"),
            "enableReadOnly: 'false' is not of the type boolean",
        ),
        (
            lambda given: given["concurrency"]["runs"].update(maxConcurrentRuns=True),
            "maxConcurrentRuns: True is not of the type integer",
        ),
    ],
)
def test_a_mistake_is_found(change: Callable[[Any], object], told: str) -> None:
    (found,) = chart_keys.faults(with_a_change(change), chart_keys.read())

    assert told in found


@pytest.fixture(scope="module")
def here() -> agreement.Settings:
    """What Dagster reads out of dagster.yaml."""
    return agreement.settings(checks.instance_file())


def test_it_says_to_dagster_what_dagster_yaml_says(here: agreement.Settings) -> None:
    ours = agreement.settings(values.instance_config(values.read()))

    assert agreement.differences(here, ours) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda given: given["concurrency"]["pools"].update(defaultLimit=5), "limits of pools"),
        (lambda given: given["concurrency"]["runs"].update(maxConcurrentRuns=9), "limits of runs"),
        (
            lambda given: given["dagsterDaemon"]["runMonitoring"].update(pollIntervalSeconds=120),
            "monitoring",
        ),
        (
            lambda given: given["dagsterDaemon"]["runMonitoring"].update(
                freeSlotsAfterRunEndSeconds=0
            ),
            "monitoring",
        ),
        (
            lambda given: given["dagsterDaemon"]["runCoordinator"]["config"][
                "queuedRunCoordinator"
            ].update(dequeueUseThreads=True),
            "queue",
        ),
        (
            lambda given: given["retention"]["sensor"]["purgeAfterDays"].update(failure=1),
            "ticks of sensors",
        ),
        (lambda given: given["retention"]["schedule"].update(purgeAfterDays=1), "ticks of sched"),
        (lambda given: given["telemetry"].update(enabled=True), "telemetry"),
        (lambda given: given["additionalInstanceConfig"].clear(), "nux"),
    ],
)
def test_where_it_says_another_thing_that_is_found(
    here: agreement.Settings, change: Callable[[Any], object], told: str
) -> None:
    other = agreement.settings(values.instance_config(with_a_change(change)))

    (found,) = agreement.differences(here, other)

    assert found.startswith(told)


@pytest.mark.parametrize("name", ["m2s-launcher", "m2s-commands"])
def test_no_role_is_given_a_secret_a_wildcard_or_a_whole_collection(name: str) -> None:
    for rule in values.role(values.read(), name)["rules"]:
        assert "secrets" not in rule["resources"]
        assert not {"*", "deletecollection", "patch", "watch"} & {
            *rule["verbs"],
            *rule["resources"],
        }


def test_the_charts_own_roles_are_not_made() -> None:
    assert values.read()["rbacEnabled"] is False
    assert values.read()["dagster-user-deployments"]["rbacEnabled"] is False


def test_the_clubs_secret_is_where_the_clubs_code_runs_and_nowhere_else() -> None:
    given = values.read()
    launcher = given["runLauncher"]["config"]["k8sRunLauncher"]

    assert values.code_server(given)["envSecrets"] == [{"name": "manage2soar-env"}]
    assert launcher["envSecrets"] == [{"name": "manage2soar-env"}]
    assert "envSecrets" not in given["dagsterWebserver"]
    assert "envSecrets" not in given["dagsterDaemon"]


def exporter_of_metrics() -> tuple[Any, Any]:
    """The deployment that is not the chart's, and its service."""
    objects = values.read()["extraManifests"]
    (deployment,) = (item for item in objects if item["kind"] == "Deployment")
    (service,) = (item for item in objects if item["kind"] == "Service")
    return deployment, service


def test_the_exporter_is_a_pod_like_the_code_servers() -> None:
    given = values.read()
    ours = values.code_server(given)
    deployment, _ = exporter_of_metrics()
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    runs = given["dagster-user-deployments"]["serviceAccount"]["name"]

    assert container["image"] == values.image(given)
    assert container["securityContext"] == ours["securityContext"]
    assert spec["securityContext"] == ours["podSecurityContext"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == (runs, False)
    assert {"readinessProbe", "livenessProbe", "startupProbe"} <= container.keys()
    assert [item for item in spec["volumes"] if "emptyDir" in item] == ours["volumes"]
    assert ours["volumeMounts"] == container["volumeMounts"][:-1]


def test_the_exporter_has_the_secrets_of_both_databases_and_dagsters_configuration() -> None:
    given = values.read()
    deployment, _ = exporter_of_metrics()
    spec = deployment["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (password,) = container["env"]
    (file,) = (item for item in spec["volumes"] if "configMap" in item)
    mount = container["volumeMounts"][-1]

    assert container["envFrom"] == [{"secretRef": {"name": "manage2soar-env"}}]
    assert password["name"] == "DAGSTER_PG_PASSWORD"
    assert password["valueFrom"]["secretKeyRef"] == {
        "name": given["global"]["postgresqlSecretName"],
        "key": "postgresql-password",
    }
    assert file["configMap"]["name"] == given["global"]["dagsterInstanceConfigMap"]
    assert mount == {
        "name": file["name"],
        "mountPath": f"{values.HOME}/dagster.yaml",
        "subPath": "dagster.yaml",
    }


def test_prometheus_and_the_probes_find_the_exporter_where_it_listens() -> None:
    deployment, service = exporter_of_metrics()
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    (program, command, *arguments) = container["args"]
    (port,) = container["ports"]
    (served,) = service["spec"]["ports"]
    (usual,) = (item.default for item in metrics.params if item.name == "port")
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("readiness", "liveness", "startup")]

    assert (program, command) == ("m2s", metrics.name)
    assert metrics.make_context("metrics", list(arguments)).params["host"] == "0.0.0.0"
    assert port["containerPort"] == served["port"] == usual
    assert served["targetPort"] == port["name"]
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(usual)
    assert {(probe["path"], probe["port"]) for probe in probes} == {(ASKED_BY_PROBES, usual)}
    assert service["spec"]["selector"] == template["metadata"]["labels"]


def test_no_password_stands_in_it() -> None:
    assert values.read()["postgresql"]["postgresqlPassword"] == ""
    assert values.read()["generatePostgresqlPasswordSecret"] is False


def test_every_block_has_its_reason() -> None:
    blocks = values.FILE.read_text(encoding="utf-8").split("\n\n")

    assert [block for block in blocks if "#" not in block and not _is_said_above(block)] == []


def _is_said_above(block: str) -> bool:
    """Of these one comment speaks for all: they repeat dagster.yaml, which has their reasons."""
    return block.startswith(("concurrency:", "retention:", "additionalInstanceConfig:"))


@contextmanager
def code_server(port: int) -> Iterator[None]:
    """The code location as the chart starts it, on this machine."""
    arguments = values.code_server(values.read())["dagsterApiGrpcArgs"]
    command = [sys.executable, "-m", "dagster", "api", "grpc", "-h", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        [*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(timeout=30)


def test_the_probe_tells_a_code_server_that_serves_from_one_that_does_not() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    _, *arguments = values.code_server(values.read())["readinessProbe"]["exec"]["command"]
    probe = [sys.executable, *(part.replace("3030", str(port)) for part in arguments)]

    def serves() -> bool:
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0

    assert not serves()
    with code_server(port):
        assert eventually(serves, within=60)
    assert not serves()
