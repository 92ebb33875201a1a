"""The Kubernetes cluster around us, by dagster-k8s' own client; imported only where it is used."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import kubernetes
from dagster_k8s.client import (
    DagsterK8sAPIRetryLimitExceeded,
    DagsterK8sError,
    DagsterK8sUnrecoverableAPIError,
    DagsterKubernetesClient,
)
from dagster_k8s.utils import detect_current_namespace
from kubernetes.client import ApiException
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from m2s_orchestration.errors import CommandFailed
from m2s_orchestration.postgres import first_line

# The container that runs the command.
CONTAINER = "command"
REFUSALS = (
    ApiException,
    ConfigException,
    HTTPError,
    DagsterK8sAPIRetryLimitExceeded,
    DagsterK8sUnrecoverableAPIError,
)


@dataclass(frozen=True)
class Ended:
    """How a Job ended: its container's exit status, if there is one and it says so; if not, why."""

    status: int | None
    why: str = ""
    said: tuple[str, ...] = ()


class Cluster:
    """A namespace of a cluster, as far as running one Job in it goes."""

    def __init__(self) -> None:
        try:
            kubernetes.config.load_incluster_config()
            namespace = detect_current_namespace(None)
        except ConfigException:
            kubernetes.config.load_kube_config()
            _, context = kubernetes.config.list_kube_config_contexts()
            namespace = context["context"].get("namespace")
        self._namespace: str = namespace or "default"
        # It says nothing of its types.
        client: Any = DagsterKubernetesClient
        self._client = client.production_client()

    def run(self, job: Mapping[str, Any], *, within: float, every: float) -> Ended:
        """Run a Job to its end, for so many seconds at most, with a look every few seconds.

        A Job that has not ended by itself is deleted with its pod, also when we are interrupted.
        """
        name = job["metadata"]["name"]
        ended = None
        try:
            self._client.batch_api.create_namespaced_job(self._namespace, job)
            ended = self._wait(name, within=within, every=every)
        finally:
            if ended is None or ended.status is None:
                self._delete(name)
        return ended

    def _delete(self, name: str) -> None:
        # What cannot be deleted ends at its own deadline; why we delete it is what counts.
        with suppress(*REFUSALS):
            self._client.delete_job(name, self._namespace)

    def _wait(self, name: str, *, within: float, every: float) -> Ended:
        fault = ""
        try:
            self._client.wait_for_running_job_to_succeed(
                name,
                self._namespace,
                wait_timeout=within,
                wait_time_between_attempts=every,
                start_time=time.time(),
            )
        except DagsterK8sError as error:
            fault = first_line(error)
        if not fault:
            return Ended(status=0, said=self._said(name))
        states = self._states(name)
        waiting = [state.waiting.reason for state in states if state.waiting]
        return Ended(
            status=_status(states),
            why=", ".join([*filter(None, waiting), *self._conditions(name)]) or fault,
            said=self._said(name),
        )

    def _conditions(self, name: str) -> Iterator[str]:
        """Why the Job is said to have failed, such as DeadlineExceeded."""
        status = self._client.get_job_status(name, self._namespace)
        for condition in (status.conditions if status else None) or ():
            if condition.type == "Failed" and condition.reason:
                yield condition.reason

    def _said(self, name: str) -> tuple[str, ...]:
        """What the command printed, as far as anybody still knows."""
        said: list[str] = []
        with suppress(*REFUSALS):
            for pod in self._client.get_pods_in_job(name, self._namespace):
                if any(state.terminated or state.running for state in _states_in(pod)):
                    log: str = self._client.retrieve_pod_logs(
                        pod.metadata.name, self._namespace, CONTAINER
                    )
                    said += log.splitlines()
        return tuple(said)

    def _states(self, name: str) -> list[Any]:
        pods = self._client.get_pods_in_job(name, self._namespace)
        return [state for pod in pods for state in _states_in(pod)]


def _status(states: Iterable[Any]) -> int | None:
    """The exit status of the command in a Job that failed; None if it has none that says so."""
    ended = (int(state.terminated.exit_code) for state in states if state.terminated)
    return next(ended, None) or None


def _states_in(pod: Any) -> list[Any]:
    """Of the command itself: others may have put containers of their own beside it."""
    statuses = pod.status.container_statuses or ()
    return [status.state for status in statuses if status.name == CONTAINER]


@contextmanager
def refusals_told() -> Iterator[None]:
    """Say in our terms what the cluster refused."""
    try:
        yield
    except REFUSALS as error:
        reason = getattr(getattr(error, "k8s_api_exception", error), "reason", None)
        raise CommandFailed(
            f"Kubernetes does not run the command's Job: {reason or first_line(error)}. The service"
            " account of this run's pod must be able to create, read and delete Jobs and pods."
        ) from error
