"""What a cluster does for a Job: makes its pod, counts how pods end, and says when it is over."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from m2s_orchestration_tests.kubernetes.cluster.pod_objects import (
    is_active,
    is_ending,
    mark_for_deletion,
    new_pod,
    pods_of,
)
from m2s_orchestration_tests.kubernetes.cluster.store import (
    Object,
    Store,
    now_text,
    seconds_since,
    tell,
)

LOOKS_EVERY = 0.5  # seconds, for what only time changes
FIRST_PAUSE = 10.0  # before the next pod of a Job whose pod failed; doubled each time
LONGEST_PAUSE = 600.0
DEFAULT_BACKOFF_LIMIT = 6


class JobController:
    """Looks at every Job whenever something changes, in a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="job controller", daemon=True)
        # By Job: pods that were seen to end, for they may be gone before the Job is.
        self._failed: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._succeeded: defaultdict[str, set[str]] = defaultdict(set)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for it."""
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.is_set():
            for job in self._store.all("jobs"):
                self._look_at(job)
            self._collect_garbage()
            self._store.wait(LOOKS_EVERY)

    def _collect_garbage(self) -> None:
        """End the pods whose Job is gone, unless it left them to themselves."""
        pods = self._store.all("pods")
        owners = {job["metadata"]["uid"] for job in self._store.all("jobs")}
        for pod in pods:
            owned_by = [owner["uid"] for owner in pod["metadata"].get("ownerReferences", [])]
            if owned_by and owners.isdisjoint(owned_by):
                mark_for_deletion(self._store, pod)

    def _look_at(self, job: Object) -> None:
        if _end_of(job):
            self._forget(job)
            return
        pods = pods_of(self._store, job)
        self._count(job, pods)
        active = [pod for pod in pods if is_active(pod)]
        spec, uid = job["spec"], job["metadata"]["uid"]
        started = job.get("status", {}).get("startTime")
        limit = spec.get("activeDeadlineSeconds")
        if started and limit and seconds_since(started) >= limit:
            self._fail(job, active, "DeadlineExceeded", "Job was active longer than its deadline")
        elif len(self._failed[uid]) > spec.get("backoffLimit", DEFAULT_BACKOFF_LIMIT):
            message = "Job has reached the specified backoff limit"
            self._fail(job, active, "BackoffLimitExceeded", message)
        elif self._succeeded[uid]:
            self._set(job, active=0, end=("Complete", "Completed", "Job completed"))
        else:
            made = active or self._next_pod(job)
            self._set(job, active=len(made))

    def _count(self, job: Object, pods: list[Object]) -> None:
        uid = job["metadata"]["uid"]
        for pod in pods:
            pod_uid, phase = pod["metadata"]["uid"], pod["status"]["phase"]
            if phase == "Succeeded":
                self._succeeded[uid].add(pod_uid)
            elif phase == "Failed" or is_ending(pod):
                self._failed[uid].setdefault(pod_uid, now_text())

    def _next_pod(self, job: Object) -> list[Object]:
        failed = self._failed[job["metadata"]["uid"]]
        pause = min(FIRST_PAUSE * 2 ** (len(failed) - 1), LONGEST_PAUSE) if failed else 0.0
        if failed and seconds_since(max(failed.values())) < pause:
            return []
        namespace = job["metadata"]["namespace"]
        account = job["spec"]["template"]["spec"].get("serviceAccountName", "default")
        if self._store.get("serviceaccounts", namespace, account) is None:
            message = f'pods are forbidden: serviceaccount "{account}" not found'
            if "startTime" not in job.get("status", {}):
                tell(self._store, job, "Job", "FailedCreate", message)
            return []
        pod = self._store.create("pods", namespace, new_pod(job))
        name = pod["metadata"]["name"]
        tell(self._store, job, "Job", "SuccessfulCreate", f"Created pod: {name}")
        return [pod]

    def _fail(self, job: Object, active: list[Object], reason: str, message: str) -> None:
        for pod in active:
            mark_for_deletion(self._store, pod)
            self._failed[job["metadata"]["uid"]][pod["metadata"]["uid"]] = now_text()
        self._set(job, active=0, end=("Failed", reason, message))

    def _set(self, job: Object, *, active: int, end: tuple[str, str, str] | None = None) -> None:
        uid = job["metadata"]["uid"]
        counted: dict[str, Any] = {
            "active": active,
            "failed": len(self._failed[uid]),
            "succeeded": len(self._succeeded[uid]),
        }

        def change(job: Object) -> None:
            status = job.setdefault("status", {})
            status.setdefault("startTime", now_text())
            for name, count in counted.items():
                if count:
                    status[name] = count
                else:
                    status.pop(name, None)
            if end:
                status["conditions"] = [_condition(*end)]
                if end[0] == "Complete":
                    status["completionTime"] = now_text()

        metadata = job["metadata"]
        self._store.change("jobs", metadata["namespace"], metadata["name"], change)
        if end:
            tell(self._store, job, "Job", end[1], end[2])

    def _forget(self, job: Object) -> None:
        """A Job that is over goes when its time to live has passed, and its pods with it."""
        ended = _end_of(job)
        ttl = job["spec"].get("ttlSecondsAfterFinished")
        if ended and ttl is not None and seconds_since(ended["lastTransitionTime"]) >= ttl:
            self._store.delete("jobs", job["metadata"]["namespace"], job["metadata"]["name"])


def _end_of(job: Object) -> Object | None:
    conditions: list[Object] = job.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] in {"Complete", "Failed"}), None)


def _condition(kind: str, reason: str, message: str) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastProbeTime": now_text(),
        "lastTransitionTime": now_text(),
    }
