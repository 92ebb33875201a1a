"""The exact Kubernetes Job of every Dagster job, made by the real K8sRunLauncher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._config import process_config
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher import LaunchRunContext
from dagster_k8s import K8sRunLauncher
from kubernetes.client import ApiClient, V1Job

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.icons import definition as icons
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.kubernetes.chart import values

Job = dict[str, Any]
MODULE = "m2s_orchestration.definitions"
NAMES = (*(item.name for item in NOTIFICATIONS), *(item.name for item in COMMANDS), icons.NAME)

# The launcher wants to know of a cluster before it makes a Job; nobody calls this one.
NO_CLUSTER = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {}}],
}


@dataclass
class Posted:
    """Stands where the cluster's API would be, and keeps what the launcher posts to it."""

    jobs: list[Job] = field(default_factory=list)

    def create_namespaced_job(self, body: V1Job, namespace: str, **_options: float) -> None:
        job: Job = ApiClient().sanitize_for_serialization(body)
        job["metadata"]["namespace"] = namespace
        self.jobs.append(job)


@dataclass(frozen=True)
class Launching:
    """An instance whose runs become Kubernetes Jobs that nobody runs."""

    instance: dg.DagsterInstance
    launcher: K8sRunLauncher
    posted: Posted
    image: str

    def launch(self, name: str, run_config: Mapping[str, object] | None = None) -> Job:
        """The Job of a new run."""
        repository = ReconstructableRepository.for_module(
            MODULE, "defs", container_image=self.image
        )
        job = repository.get_reconstructable_job(name)
        definition = job.get_definition()
        run = self.instance.create_run_for_job(
            definition,
            job_code_origin=job.get_python_origin(),
            tags=definition.run_tags,
            run_config=run_config,
        )
        self.launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
        return self.posted.jobs[-1]


def launching(
    instance: dg.DagsterInstance, folder: Path, given: Mapping[str, Any], image: str
) -> Launching:
    """The K8sRunLauncher, configured as the daemon would, short of a cluster."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(NO_CLUSTER), encoding="utf-8")
    config = {**given, "load_incluster_config": False, "kubeconfig_file": str(kubeconfig)}
    checked = process_config(K8sRunLauncher.config_type(), config)  # type: ignore[no-untyped-call]
    if not checked.success:
        raise ValueError("\n".join(error.message for error in checked.errors or ()))
    posted = Posted()
    launcher = K8sRunLauncher.from_config_value(  # type: ignore[no-untyped-call]
        None, {**(checked.value or {}), "k8s_client_batch_api": posted}
    )
    launcher.register_instance(instance)
    return Launching(instance, launcher, posted, image)


def kubernetes_jobs(folder: Path) -> dict[str, Job]:
    """The Job of every Dagster job, by its name, with the launcher as helm-values.yaml has it."""
    told = values.read()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        launches = launching(instance, folder, values.launcher_config(told), values.image(told))
        return {name: launches.launch(name) for name in NAMES}
