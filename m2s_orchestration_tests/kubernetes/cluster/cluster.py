"""The cluster that the scenarios run in: what they see of it, and what they do to its pods."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from kubernetes import client, config

from m2s_orchestration_tests.kubernetes.cluster.api_server import ApiServer, write_kubeconfig
from m2s_orchestration_tests.kubernetes.cluster.rights import (
    Call,
    Right,
    binding,
    full_name,
    role,
)
from m2s_orchestration_tests.kubernetes.cluster.store import Object, text_of


class Node(Protocol):
    """Where the pods run: what a cluster's own API does not offer."""

    view: Path

    def kill(self, pod: Object) -> None:
        """Let the pod's process die by signal 9."""

    def peak(self, pod: Object) -> int:
        """The most bytes of memory that the pod used; 0 if nobody counted."""


class Cluster:
    """A cluster as its administrator sees it through `kubeconfig`, and the node below it.

    `namespaces` gets the name of each that is made. `calls` says what was asked of the API server,
    where somebody writes that down; `serves_logs` whether it can show what a pod printed.
    """

    def __init__(
        self,
        kubeconfig: Path,
        node: Node,
        folder: Path,
        *,
        namespaces: list[str] | None = None,
        calls: Callable[[], list[Call]] | None = None,
        serves_logs: bool = True,
    ) -> None:
        self.node = node
        self.serves_logs = serves_logs
        self._namespaces = [] if namespaces is None else namespaces
        self._calls = calls
        self._folder = folder
        self._api = config.new_client_from_config(str(kubeconfig))
        self._core = client.CoreV1Api(self._api)
        self._batch = client.BatchV1Api(self._api)

    def prepare(self, namespace: str, *, secret: str, entries: Mapping[str, str]) -> None:
        """A namespace, and the secret of all programs in it."""
        self._core.create_namespace({"metadata": {"name": namespace}})
        self._namespaces.append(namespace)
        self.put_secret(namespace, secret, entries)

    def let(self, account: str, namespace: str, rights: Iterable[Right]) -> None:
        """A service account that may do this."""
        self._core.create_namespaced_service_account(namespace, {"metadata": {"name": account}})
        rbac = client.RbacAuthorizationV1Api(self._api)
        rbac.create_namespaced_role(namespace, role(account, rights))
        rbac.create_namespaced_role_binding(namespace, binding(account, account, namespace))

    def kubeconfig_of(self, account: str, namespace: str) -> Path:
        """The file by which a program is this account."""
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        answer = self._core.create_namespaced_service_account_token(
            account, namespace, asked, _preload_content=False
        )
        reached = self._api.configuration
        cluster = {"server": reached.host}
        if reached.ssl_ca_cert:
            cluster["certificate-authority"] = str(reached.ssl_ca_cert)
        file = self._folder / f"{namespace}-{account}.json"
        token = json.loads(answer.data)["status"]["token"]
        return write_kubeconfig(file, cluster, token, namespace)

    def let_pass(self, seconds: int, job: str, namespace: str) -> None:
        """Let so much time have passed since a Job was started."""
        read = self._batch.read_namespaced_job_status(job, namespace)
        aged: Object = self._api.sanitize_for_serialization(read)
        started = datetime.fromisoformat(aged["status"]["startTime"])
        aged["status"]["startTime"] = text_of(started - timedelta(seconds=seconds))
        self._batch.replace_namespaced_job_status(job, namespace, aged)

    def calls(self, namespace: str, account: str) -> list[Call] | None:
        """What an account asked for, and what it was told; None where nobody writes it down."""
        if self._calls is None:
            return None
        name = full_name(namespace, account)
        return [call for call in self._calls() if call.account == name]

    def put_secret(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """A secret with these values."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        self._core.create_namespaced_secret(namespace, {"metadata": {"name": name}, "data": data})

    def jobs(self, namespace: str) -> dict[str, Object]:
        """The Jobs, by name."""
        found = self._plain(self._batch.list_namespaced_job(namespace))
        return {job["metadata"]["name"]: job for job in found}

    def pods(self, namespace: str, job: str) -> list[Object]:
        """The pods that a Job made and that are still there."""
        listed = self._core.list_namespaced_pod(namespace, label_selector=f"job-name={job}")
        return self._plain(listed)

    def events(self, namespace: str, about: str) -> list[str]:
        """What happened to an object, a word for each event."""
        selector = f"involvedObject.name={about}"
        listed = self._core.list_namespaced_event(namespace, field_selector=selector)
        return [event["reason"] for event in self._plain(listed)]

    def log(self, pod: Object, *, last: int | None = None) -> str:
        """What the pod printed, or the last lines of it."""
        metadata = pod["metadata"]
        tail = {} if last is None else {"tail_lines": last}
        # Decoded here: the client takes a log for JSON where it can.
        read = self._core.read_namespaced_pod_log(
            metadata["name"], metadata["namespace"], _preload_content=False, **tail
        )
        return bytes(read.data).decode()

    def evict(self, pod: Object) -> None:
        """Ask the pod off its node, as whoever drains the node does."""
        metadata = {key: pod["metadata"][key] for key in ("name", "namespace")}
        self._core.create_namespaced_pod_eviction(**metadata, body={"metadata": metadata})

    def _plain(self, listed: object) -> list[Object]:
        found: list[Object] = self._api.sanitize_for_serialization(listed)["items"]
        return found


@contextmanager
def our_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster on this machine, while the context lasts."""
    with ApiServer(folder) as server:
        yield cluster_of(server)


def cluster_of(server: ApiServer) -> Cluster:
    """The cluster of our API server."""

    def calls() -> list[Call]:
        return server.calls

    return Cluster(server.kubeconfig(), server.kubelet, server.folder, calls=calls)
