"""What can be told of the deployment from its files alone, as rows of the table."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from m2s_orchestration_tests.kubernetes.chart import agreement, chart_keys, values
from m2s_orchestration_tests.kubernetes.jobs import Job, kubernetes_jobs
from m2s_orchestration_tests.kubernetes.objects.kubernetes_types import RELEASES
from m2s_orchestration_tests.kubernetes.objects.manifests import containers, faults, pod_template
from m2s_orchestration_tests.kubernetes.table import Row

VALUES = "helm-values.yaml"
# What a run's pod must not load: it costs as much memory as all the rest.
TOO_LARGE = ("dagster_k8s", "kubernetes", "dagster_webserver", "dagster_graphql")
IMPORTED = """
import sys
import dagster, dagster._cli.api, dagster_postgres
import m2s_orchestration.definitions
with dagster.DagsterInstance.from_config(sys.argv[1]):
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def rows() -> Iterator[Row]:
    """Every row that needs no cluster, no chart and no image."""
    yield _known_keys()
    yield _same_as_dagster_yaml()
    yield _objects_of_ours()
    yield _imports_of_the_worker()
    with tempfile.TemporaryDirectory() as folder:
        jobs = kubernetes_jobs(Path(folder))
    for name, job in jobs.items():
        yield _job(name, job)


def instance_file() -> dict[str, object]:
    """The dagster.yaml of the repository."""
    found: dict[str, object] = yaml.safe_load((values.ROOT / "dagster.yaml").read_text("utf-8"))
    return found


def imported_by_the_worker() -> set[str]:
    """The packages that a run's process has loaded when it begins: the launcher is configured."""
    config = {"run_launcher": values.instance_config(values.read())["run_launcher"]}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        process = subprocess.run(
            [sys.executable, "-c", IMPORTED, folder], check=True, capture_output=True, text=True
        )
    return set(process.stdout.split())


def told(found: Sequence[str], otherwise: str) -> str:
    """The faults in one line, or what is to be said if there is none."""
    return "; ".join(found) or otherwise


def _known_keys() -> Row:
    found = chart_keys.faults(values.read(), chart_keys.read())
    return Row(
        VALUES,
        "each key is one of the chart's, each value of its type",
        told(found, "none is unknown"),
        not found,
    )


def _same_as_dagster_yaml() -> Row:
    cluster = agreement.settings(values.instance_config(values.read()))
    found = agreement.differences(agreement.settings(instance_file()), cluster)
    return Row(
        VALUES,
        "queue, limits, pools, monitoring, retries and retention as in dagster.yaml",
        told(found, "the same to Dagster"),
        not found,
    )


def _objects_of_ours() -> Row:
    objects = values.read()["extraManifests"]
    found = [fault for item in objects for fault in faults(item)]
    kinds = ", ".join(sorted({item["kind"] for item in objects}))
    return Row(
        VALUES,
        "every object that it adds to the chart's",
        told(found, f"{len(objects)} valid in {' and '.join(RELEASES)}: {kinds}"),
        not found,
    )


def _imports_of_the_worker() -> Row:
    found = sorted(imported_by_the_worker() & set(TOO_LARGE))
    return Row(
        "run worker",
        "what its process loads",
        told(found, f"none of {', '.join(TOO_LARGE)}"),
        not found,
    )


def _job(name: str, job: Job) -> Row:
    found = faults(job)
    (container,) = containers((pod_template(job) or {})["spec"])
    given = container["resources"]
    seconds = job["spec"]["activeDeadlineSeconds"]
    outcome = (
        f"valid in {' and '.join(RELEASES)}; {given['requests']['memory']} to"
        f" {given['limits']['memory']}, {given['requests']['cpu']} to {given['limits']['cpu']};"
        f" {seconds} s; {job['spec']['backoffLimit']} retries"
    )
    return Row(f"Job of {name}", "made by the real K8sRunLauncher", told(found, outcome), not found)
