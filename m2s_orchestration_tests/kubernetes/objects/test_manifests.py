"""What is wrong with an object is found: each fault in an object that is right but for it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from m2s_orchestration_tests.kubernetes.objects.manifests import faults

POD = {
    "restartPolicy": "Never",
    "securityContext": {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "containers": [
        {
            "name": "run",
            "image": "registry.example.org/m2s:1",
            "resources": {
                "requests": {"memory": "64Mi", "cpu": "50m"},
                "limits": {"memory": "128Mi", "cpu": "100m"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        }
    ],
    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
}
CRON_JOB = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "notify-aging-logsheets", "labels": {"app": "m2s"}},
    "spec": {
        "schedule": "0 8 * * *",
        "jobTemplate": {"spec": {"backoffLimit": 2, "template": {"spec": POD}}},
    },
}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "code"},
    "spec": {
        "selector": {"matchLabels": {"app": "code"}},
        "template": {
            "metadata": {"labels": {"app": "code"}},
            "spec": {**POD, "restartPolicy": "Always"},
        },
    },
}
IN_JOB = "spec.jobTemplate.spec"
IN_POD = f"{IN_JOB}.template.spec"
CONTAINER = f"{IN_POD}.containers.0"
RESOURCES = f"{CONTAINER}.resources"
SECURITY = f"{CONTAINER}.securityContext"


def changed(document: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The document with another value at a path; None takes it out."""
    found = copy.deepcopy(document)
    part: Any = found
    *way, last = path.split(".")
    for step in way:
        part = part[int(step)] if step.isdigit() else part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return found


@pytest.mark.parametrize("document", [CRON_JOB, DEPLOYMENT], ids=["CronJob", "Deployment"])
def test_what_is_right_has_no_fault(document: dict[str, Any]) -> None:
    assert faults(document) == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (f"{IN_JOB}.backoffLimit", "two", "'two' is not of type"),
        (f"{IN_JOB}.backofLimit", 2, "backofLimit"),
        (f"{RESOURCES}.limits.memory", "128MiB", "limits.memory: '128MiB' is no quantity"),
        (f"{RESOURCES}.requests.cpu", "-1", "requests.cpu: '-1' is no quantity"),
        (f"{RESOURCES}.requests.memory", "1Gi", "1Gi memory is asked for and 128Mi allowed"),
        (f"{RESOURCES}.requests.cpu", "1", "1 cpu is asked for and 100m allowed"),
        (f"{RESOURCES}.limits", None, "limits.memory is not said"),
        (f"{RESOURCES}.requests.cpu", None, "requests.cpu is not said"),
        (f"{IN_POD}.restartPolicy", "Always", "Always is not for a CronJob"),
        ("spec.schedule", "nonsense", "'nonsense'"),
        ("spec.schedule", "61 8 * * *", "'61 8 * * *'"),
        (f"{CONTAINER}.image", None, "names no image"),
        (f"{CONTAINER}.image", "M2S: 1", "names no image"),
        (f"{CONTAINER}.image", "m2s", "give it a tag"),
        (f"{CONTAINER}.image", "m2s:latest", "not latest"),
        (f"{CONTAINER}.name", "Run_it", "a container needs one"),
        (f"{CONTAINER}.volumeMounts.0.name", "temp", "no volume temp"),
        (f"{IN_POD}.volumes.0.emptyDir.sizeLimit", "64MB", "'64MB' is no quantity"),
        ("metadata.name", "notify_aging", "'notify_aging' is no name"),
        ("metadata.labels.app", "a b", "'a b' is no label's value"),
        ("metadata.labels.no name", "x", "'no name' is no label's name"),
        (f"{IN_POD}.securityContext.runAsNonRoot", False, "may run as root"),
        (f"{IN_POD}.securityContext.runAsUser", 0, "may run as root"),
        (f"{IN_POD}.securityContext.seccompProfile", None, "no seccomp profile"),
        (f"{IN_POD}.hostNetwork", True, "hostNetwork"),
        (f"{IN_POD}.volumes", [{"name": "tmp", "hostPath": {"path": "/"}}], "node's files"),
        (f"{SECURITY}.allowPrivilegeEscalation", None, "may gain privileges"),
        (f"{SECURITY}.readOnlyRootFilesystem", False, "may write"),
        (f"{SECURITY}.capabilities.drop", [], "keeps capabilities"),
    ],
)
def test_a_fault_is_found(path: str, value: object, told: str) -> None:
    found = faults(changed(CRON_JOB, path, value))

    assert told in "\n".join(found)
    assert all(fault.startswith("CronJob ") for fault in found)


def test_a_selector_that_meets_no_pod_is_found() -> None:
    found = faults(changed(DEPLOYMENT, "spec.template.metadata.labels.app", "other"))

    assert found == ["Deployment code: spec.selector: the pods have no label app=code"]


def test_a_kind_that_there_is_not_is_a_fault() -> None:
    found = faults({**DEPLOYMENT, "kind": "Deploiment"})

    assert "there is no kind Deploiment" in found[0]
