"""The cluster that the scenarios run in: what they see of it, and what they do to its pods."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from kubernetes import client, config

from m2s_orchestration_tests.kubernetes.api_server import ADMIN, ApiServer
from m2s_orchestration_tests.kubernetes.rights import LAUNCHER, Call
from m2s_orchestration_tests.kubernetes.store import Object


class Node(Protocol):
    """Where the pods run: what a cluster's own API does not offer."""

    view: Path

    def kill(self, pod: Object) -> None:
        """Let the pod's process die by signal 9."""

    def peak(self, pod: Object) -> int:
        """The most bytes of memory that the pod used; 0 if nobody counted."""


class Cluster:
    """A cluster as its administrator sees it through `kubeconfig`, and the node below it."""

    def __init__(self, kubeconfig: Path, node: Node) -> None:
        self.node = node
        self._api = config.new_client_from_config(str(kubeconfig))
        self._core = client.CoreV1Api(self._api)
        self._batch = client.BatchV1Api(self._api)

    def prepare(
        self, namespace: str, *, account: str, secret: str, values: Mapping[str, str]
    ) -> None:
        """The launcher's service account, and the secret that all programs get."""
        self._core.create_namespaced_service_account(namespace, {"metadata": {"name": account}})
        self.put_secret(namespace, secret, values)

    def launcher_kubeconfig(self, namespace: str, account: str) -> Path:
        """The file by which the launcher is its account."""
        raise NotImplementedError

    def let_pass(self, seconds: int, job: str, namespace: str) -> None:
        """Let so much time have passed since a Job was started."""
        raise NotImplementedError

    def calls(self, namespace: str, account: str) -> list[Call]:
        """What the launcher asked for, and what it was told."""
        raise NotImplementedError

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


class OurCluster(Cluster):
    """The loopback API server, with the levers that only it has."""

    def __init__(self, server: ApiServer) -> None:
        super().__init__(server.kubeconfig(ADMIN, namespace="default"), server.kubelet)
        self._server = server

    def launcher_kubeconfig(self, namespace: str, account: str) -> Path:
        """It has the rights that it needs, and no more."""
        name = f"system:serviceaccount:{namespace}:{account}"
        return self._server.kubeconfig(name, namespace=namespace, rights=LAUNCHER)

    def let_pass(self, seconds: int, job: str, namespace: str) -> None:
        self._server.let_pass(seconds, job, namespace)

    def calls(self, namespace: str, account: str) -> list[Call]:
        name = f"system:serviceaccount:{namespace}:{account}"
        return [call for call in self._server.calls if call.account == name]


@contextmanager
def our_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster on this machine, while the context lasts."""
    with ApiServer(folder) as server:
        yield OurCluster(server)
