"""A real API server that has no node: its pods are processes of this machine, all else is its own.

A control plane as `kube-apiserver` and `kube-controller-manager` make one, without scheduler and
kubelet. A cluster with nodes is left alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from m2s_orchestration_tests.kubernetes.cluster.cluster import Cluster
from m2s_orchestration_tests.kubernetes.cluster.pods import Kubelet
from m2s_orchestration_tests.kubernetes.cluster.store import Object

NODE = "m2s-laboratory"
CONFLICT = 409
GONE = 404
TRIES = 10
PATIENCE = 10.0  # seconds


class HasNodes(Exception):
    """The cluster has nodes: it is somebody's, and is left alone."""


class NoAnswer(Exception):
    """There is no API server where the file leads."""


class RemoteObjects:
    """What the node sees of an API server: pods of some namespaces, their secrets, their events."""

    def __init__(self, api: client.ApiClient, namespaces: Callable[[], list[str]]) -> None:
        self._api = api
        self._core = client.CoreV1Api(api)
        self._namespaces = namespaces
        self._pause = threading.Event()

    def create(self, kind: str, namespace: str, given: Object) -> Object:
        """A new event; nothing else is made by a node."""
        assert kind == "events", kind
        return self._plain(self._core.create_namespaced_event(namespace, given))

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The pod or the secret of that name."""
        read = {
            "pods": self._core.read_namespaced_pod,
            "secrets": self._core.read_namespaced_secret,
        }[kind]
        return self._unless_gone(lambda: read(name, namespace))

    def all(self, kind: str) -> list[Object]:
        """The pods of the laboratory, each bound to the node; there is nobody else to do it."""
        assert kind == "pods", kind
        found: list[Object] = []
        for namespace in self._namespaces():
            found += self._plain(self._core.list_namespaced_pod(namespace))["items"]
        for pod in found:
            if "nodeName" not in pod["spec"]:
                self._bind(pod["metadata"])
        return found

    def change(
        self, kind: str, namespace: str, name: str, change: Callable[[Object], None]
    ) -> Object | None:
        """Let `change` alter the pod's status; what the pod is then, or None if there is none."""
        for _ in range(TRIES):
            changed = self.get(kind, namespace, name)
            if changed is None:
                return None
            change(changed)
            try:
                return self._put_status(changed)
            except ApiException as error:
                if error.status != CONFLICT:
                    raise
        raise AssertionError(f"{kind} {name} is changed by others all the time")

    def delete(self, kind: str, namespace: str, name: str) -> Object | None:
        """Take the pod away, now that nothing of it runs."""
        assert kind == "pods", kind
        return self._unless_gone(
            lambda: self._core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
        )

    def wait(self, seconds: float) -> None:
        """Return when the time is over: what changes is seen at the next look."""
        self._pause.wait(seconds)

    def _put_status(self, pod: Object) -> Object | None:
        metadata = pod["metadata"]
        return self._unless_gone(
            lambda: self._core.replace_namespaced_pod_status(
                metadata["name"], metadata["namespace"], pod
            )
        )

    def _bind(self, pod: Object) -> None:
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        body = {"metadata": {"name": pod["name"]}, "target": target}
        self._unless_gone(
            # The client reads the answer as a Binding, which it is not.
            lambda: self._core.create_namespaced_pod_binding(
                pod["name"], pod["namespace"], body, _preload_content=False
            )
        )

    def _unless_gone(self, call: Callable[[], Any]) -> Object | None:
        try:
            return self._plain(call())
        except ApiException as error:
            if error.status != GONE:
                raise
            return None

    def _plain(self, model: Any) -> Object:
        if isinstance(model, client.rest.RESTResponse) or not hasattr(model, "openapi_types"):
            return {}
        found: Object = self._api.sanitize_for_serialization(model)
        return found


@contextmanager
def real_cluster(kubeconfig: Path, folder: Path) -> Iterator[Cluster]:
    """The cluster of a real API server; what the laboratory made in it is deleted at the end.

    Raises HasNodes, NoAnswer.
    """
    api = _reached(kubeconfig)
    core = client.CoreV1Api(api)
    namespaces: list[str] = []
    kubelet = Kubelet(RemoteObjects(api, lambda: list(namespaces)), folder / "pods")
    cluster = Cluster(kubeconfig, kubelet, folder, namespaces=namespaces, serves_logs=False)
    core.create_node({"metadata": {"name": NODE}})
    kubelet.start()
    try:
        yield cluster
    finally:
        kubelet.stop()
        for namespace in namespaces:
            core.delete_namespace(namespace)
        core.delete_node(NODE)


def _reached(kubeconfig: Path) -> client.ApiClient:
    try:
        api = config.new_client_from_config(str(kubeconfig))
        listed = client.CoreV1Api(api).list_node(_request_timeout=PATIENCE)
    except (ApiException, ConfigException, HTTPError, OSError) as error:
        raise NoAnswer(f"{kubeconfig} leads to no API server that answers: {error}") from error
    nodes = [node.metadata.name for node in listed.items if node.metadata.name != NODE]
    if nodes:
        raise HasNodes(f"{kubeconfig} leads to a cluster with nodes ({', '.join(nodes)})")
    return api
