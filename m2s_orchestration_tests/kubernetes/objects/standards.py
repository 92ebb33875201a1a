"""What this project asks of its pods besides what Kubernetes asks.

An image that stays the same, both requests and limits, and the `restricted` pod security standard
with a root file system that cannot be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Pod = Mapping[str, Any]

TAGGED = re.compile(r"[a-z0-9][a-z0-9._/:-]*(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})")
MEASURES = ("cpu", "memory")
KINDS = ("requests", "limits")


def faults(pod: Pod) -> list[str]:
    """What a pod lacks, each with where."""
    found = list(_of_pod(pod))
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        where = f"containers.{container.get('name')}"
        found += [f"{where}: {fault}" for fault in _of_container(container)]
    return found


def _of_pod(pod: Pod) -> Iterator[str]:
    context = pod.get("securityContext") or {}
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield "securityContext: the pod may run as root"
    if (context.get("seccompProfile") or {}).get("type") != "RuntimeDefault":
        yield "securityContext: no seccomp profile"
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(shared):
            yield f"{shared}: the pod shares the node's"
    for volume in pod.get("volumes") or ():
        if "hostPath" in volume:
            yield f"volumes.{volume['name']}: the pod sees the node's files"


def _of_container(container: Pod) -> Iterator[str]:
    image = container.get("image", "")
    if not TAGGED.fullmatch(image) or image.endswith(":latest"):
        yield f"image: {image!r} may be another one tomorrow: give it a tag, and not latest"
    resources = container.get("resources") or {}
    for kind in KINDS:
        for measure in MEASURES:
            if measure not in (resources.get(kind) or {}):
                yield f"resources.{kind}.{measure} is not said"
    yield from _of_security(container.get("securityContext") or {})


def _of_security(context: Pod) -> Iterator[str]:
    if context.get("allowPrivilegeEscalation") is not False:
        yield "securityContext: it may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "securityContext: it may write to its image's files"
    if (context.get("capabilities") or {}).get("drop") != ["ALL"]:
        yield "securityContext: it keeps capabilities"
