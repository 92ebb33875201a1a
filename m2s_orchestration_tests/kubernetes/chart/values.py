"""helm-values.yaml, and the dagster.yaml that the official chart makes of it.

The chart is Dagster's and is not kept here, so what its template does with our values is said once
more below. Where a chart is at hand, `rendered.py` holds this against what Helm really renders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FILE = ROOT / "helm-values.yaml"
RELEASE = "dagster"
NAMESPACE = "manage2soar"
HOME = "/opt/dagster/dagster_home"

Values = Mapping[str, Any]


def read() -> Values:
    """The values as they stand in the file."""
    found: Values = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def code_server(values: Values) -> Values:
    """The one deployment of user code."""
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    found: Values = deployment
    return found


def image(values: Values) -> str:
    """The image that all pods but the waiting ones are made of."""
    named = code_server(values)["image"]
    return f"{named['repository']}:{named['tag']}"


def role(values: Values, name: str) -> Values:
    """What an account of that name may do."""
    (found,) = (
        item
        for item in values["extraManifests"]
        if (item["kind"], item["metadata"]["name"]) == ("Role", name)
    )
    return dict(found)


def instance_config(values: Values) -> dict[str, Any]:
    """The dagster.yaml that webserver, daemon and code servers get."""
    daemon = values["dagsterDaemon"]
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    return {
        "scheduler": _part("dagster._core.scheduler", "DagsterDaemonScheduler"),
        "run_storage": _storage(values, "run_storage", "PostgresRunStorage"),
        "event_log_storage": _storage(values, "event_log", "PostgresEventLogStorage"),
        "schedule_storage": _storage(values, "schedule_storage", "PostgresScheduleStorage"),
        "run_launcher": _part("dagster_k8s", "K8sRunLauncher", launcher_config(values)),
        "run_coordinator": _part(
            "dagster._core.run_coordinator",
            "QueuedRunCoordinator",
            {_snake(key): value for key, value in queue.items() if value},
        ),
        "compute_logs": _part(
            "dagster._core.storage.noop_compute_log_manager", "NoOpComputeLogManager"
        ),
        "run_monitoring": _snake_keys(daemon["runMonitoring"]),
        "telemetry": dict(values["telemetry"]),
        "retention": _snake_keys(_without(values["retention"], "enabled")),
        "concurrency": _concurrency(values["concurrency"]),
        **values["additionalInstanceConfig"],
    }


def launcher_config(values: Values) -> dict[str, Any]:
    """The part of it that configures the K8sRunLauncher."""
    given = values["runLauncher"]["config"]["k8sRunLauncher"]
    told = {_snake(key): value for key, value in given.items()}
    return {
        "load_incluster_config": True,
        "job_namespace": NAMESPACE,
        "service_account_name": values["serviceAccount"]["name"],
        "dagster_home": HOME,
        "instance_config_map": f"{RELEASE}-instance",
        "postgres_password_secret": values["global"]["postgresqlSecretName"],
        **told,
        "env_secrets": [secret["name"] for secret in given["envSecrets"]],
        "run_k8s_config": {_snake(key): value for key, value in given["runK8sConfig"].items()},
    }


def _storage(values: Values, module: str, name: str) -> dict[str, Any]:
    given = values["postgresql"]
    database = {
        "username": given["postgresqlUsername"],
        "password": {"env": "DAGSTER_PG_PASSWORD"},
        "hostname": given["postgresqlHost"],
        "db_name": given["postgresqlDatabase"],
        "port": given.get("service", {}).get("port", 5432),
        "params": given["postgresqlParams"],
        "scheme": given["postgresqlScheme"],
    }
    return _part(f"dagster_postgres.{module}", name, {"postgres_db": database})


def _concurrency(given: Values) -> dict[str, Any]:
    return {
        "pools": _snake_keys(given["pools"]),
        # The limits' own keys are Dagster's words already.
        "runs": {_snake(key): value for key, value in given["runs"].items()},
    }


def _part(module: str, name: str, config: Values | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"module": module, "class": name}
    return found | {"config": config} if config else found


def _snake_keys(given: Any) -> Any:
    """The same with keys in Dagster's spelling, all the way down; what is null is left out."""
    if not isinstance(given, Mapping):
        return given
    return {_snake(key): _snake_keys(value) for key, value in given.items() if value is not None}


def _without(given: Values, key: str) -> Values:
    return {name: value for name, value in given.items() if name != key}


def _snake(key: str) -> str:
    # runK8sConfig is run_k8s_config, and K8s stays one word.
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key).lower().replace("k8_s", "k8s")
