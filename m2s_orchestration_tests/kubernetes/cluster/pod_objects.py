"""Pods as the API server's objects: how a Job makes one, whose it is, how one is asked to end."""

from __future__ import annotations

import copy

from m2s_orchestration_tests.kubernetes.cluster.store import Object, Store, now_text

DEFAULT_GRACE = 30


def new_pod(job: Object) -> Object:
    """The pod that a Job's template describes, not yet stored."""
    template = job["spec"]["template"]
    name, uid = job["metadata"]["name"], job["metadata"]["uid"]
    owned = {"job-name": name, "controller-uid": uid}
    modern = {f"batch.kubernetes.io/{key}": value for key, value in owned.items()}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid, "controller": True}
    labels = {**template.get("metadata", {}).get("labels", {}), **owned, **modern}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{name}-",
            "labels": labels,
            "annotations": template.get("metadata", {}).get("annotations", {}),
            "ownerReferences": [owner],
        },
        "spec": copy.deepcopy(template["spec"]),
        "status": {"phase": "Pending"},
    }


def pods_of(store: Store, job: Object) -> list[Object]:
    """The pods that a Job made."""
    return [
        pod
        for pod in store.all("pods", job["metadata"]["namespace"])
        if pod["metadata"]["labels"].get("controller-uid") == job["metadata"]["uid"]
    ]


def is_active(pod: Object) -> bool:
    """Whether it is to run or runs, and nobody asked it to end."""
    return pod["status"]["phase"] in {"Pending", "Running"} and not is_ending(pod)


def is_ending(pod: Object) -> bool:
    """Whether it was asked to end."""
    return "deletionTimestamp" in pod["metadata"]


def mark_for_deletion(store: Store, pod: Object, grace: int | None = None) -> Object | None:
    """Ask the node to end a pod, which then goes away; what the pod is now."""
    usual = pod["spec"].get("terminationGracePeriodSeconds", DEFAULT_GRACE)

    def mark(pod: Object) -> None:
        if not is_ending(pod):
            pod["metadata"]["deletionTimestamp"] = now_text()
            pod["metadata"]["deletionGracePeriodSeconds"] = usual if grace is None else grace

    return store.change("pods", pod["metadata"]["namespace"], pod["metadata"]["name"], mark)


def orphan(store: Store, pod: Object) -> None:
    """Let a pod belong to nobody, so that it outlives its Job."""

    def release(pod: Object) -> None:
        pod["metadata"].pop("ownerReferences", None)

    store.change("pods", pod["metadata"]["namespace"], pod["metadata"]["name"], release)
