"""Whether Kubernetes would take an object, and whether it is as this project wants its pods.

First Kubernetes' own schemas, strictly. Then what an API server refuses and the schemas let pass:
quantities, requests above limits, cron expressions, images, restart rules, names and labels. Last
what no API server asks for: both requests and limits, and the `restricted` pod security standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cronsim import CronSim, CronSimError
from kubernetes.utils.quantity import parse_quantity

from m2s_orchestration_tests.kubernetes.kubernetes_types import faults_of_object

Object = dict[str, Any]

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
POD_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*(:[\w][\w.-]{0,127}|@sha256:[0-9a-f]{64})")
MEASURES = ("cpu", "memory")
RESTART_RULES = {"Job": {"Never", "OnFailure"}, "Pod": {"Always", "Never", "OnFailure"}}


def faults(document: Object) -> list[str]:
    """Everything that is wrong with an object, each with where it is."""
    kind = document.get("kind", "?")
    name = document.get("metadata", {}).get("name", "?")
    found = [*faults_of_object(document), *_of_metadata(document.get("metadata", {}))]
    if kind == "CronJob":
        found += _of_schedule(document["spec"])
    if template := pod_template(document):
        found += _of_metadata(template.get("metadata", {}))
        found += _of_selector(document, template)
        found += _of_pod(template["spec"], kind)
    return [f"{kind} {name}: {fault}" for fault in found]


def pod_template(document: Object) -> Object | None:
    """The pod that an object makes, if it makes any."""
    spec = document.get("spec", {})
    if document.get("kind") == "CronJob":
        spec = spec.get("jobTemplate", {}).get("spec", {})
    template: Object | None = spec.get("template")
    return template


def containers(pod: Mapping[str, Any]) -> list[Object]:
    """The containers of a pod, those that run before the others too."""
    return [*(pod.get("initContainers") or ()), *(pod.get("containers") or ())]


def _of_metadata(metadata: Mapping[str, Any]) -> Iterator[str]:
    if "name" in metadata and not NAME.fullmatch(metadata["name"]):
        yield f"metadata.name: {metadata['name']!r} is no name"
    for key, value in (metadata.get("labels") or {}).items():
        if not LABEL_KEY.fullmatch(key):
            yield f"metadata.labels: {key!r} is no label's name"
        if not LABEL_VALUE.fullmatch(str(value)):
            yield f"metadata.labels.{key}: {value!r} is no label's value"


def _of_schedule(spec: Mapping[str, Any]) -> Iterator[str]:
    try:
        CronSim(spec["schedule"], datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        yield f"spec.schedule: {spec['schedule']!r}: {error}"


def _of_selector(document: Object, template: Object) -> Iterator[str]:
    wanted = document["spec"].get("selector", {}).get("matchLabels", {})
    labels = template.get("metadata", {}).get("labels", {})
    for key, value in wanted.items():
        if labels.get(key) != value:
            yield f"spec.selector: the pods have no label {key}={value}"


def _of_pod(pod: Object, kind: str) -> Iterator[str]:
    allowed = RESTART_RULES["Job" if kind in {"Job", "CronJob"} else "Pod"]
    rule = pod.get("restartPolicy", "Always")
    if rule not in allowed or (kind == "Deployment" and rule != "Always"):
        yield f"restartPolicy: {rule} is not for a {kind}"
    volumes = {volume["name"] for volume in pod.get("volumes") or ()}
    for volume in pod.get("volumes") or ():
        limit = (volume.get("emptyDir") or {}).get("sizeLimit", "1")
        if _quantity(limit) is None:
            yield f"volumes.{volume['name']}: {limit!r} is no quantity"
    yield from _of_pod_security(pod)
    for container in containers(pod):
        where = f"containers.{container.get('name')}"
        for fault in _of_container(container, volumes):
            yield f"{where}: {fault}"


def _of_container(container: Object, volumes: set[str]) -> Iterator[str]:
    if not POD_NAME.fullmatch(container.get("name", "")):
        yield "name: a container needs one of lower-case letters, digits and dashes"
    image = container.get("image", "")
    if not IMAGE.fullmatch(image) or image.endswith(":latest"):
        yield f"image: {image!r} names no image of its own: give it a tag, and not latest"
    for mount in container.get("volumeMounts") or ():
        if mount["name"] not in volumes:
            yield f"volumeMounts: the pod has no volume {mount['name']}"
    yield from _of_resources(container.get("resources") or {})
    yield from _of_container_security(container.get("securityContext") or {})


def _of_resources(resources: Mapping[str, Any]) -> Iterator[str]:
    for measure in MEASURES:
        given = {kind: (resources.get(kind) or {}).get(measure) for kind in ("requests", "limits")}
        amounts = {kind: _quantity(text) for kind, text in given.items()}
        for kind, amount in amounts.items():
            if given[kind] is None:
                yield f"resources.{kind}.{measure} is not said"
            elif amount is None:
                yield f"resources.{kind}.{measure}: {given[kind]!r} is no quantity"
        least, most = amounts["requests"], amounts["limits"]
        if least is not None and most is not None and least > most:
            asked, allowed = given["requests"], given["limits"]
            yield f"resources: {asked} {measure} is asked for and {allowed} allowed"


def _quantity(text: Any) -> Decimal | None:
    try:
        amount: Decimal = parse_quantity(text)
    except (ValueError, TypeError):
        return None
    return amount if amount >= 0 else None


def _of_pod_security(pod: Object) -> Iterator[str]:
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


def _of_container_security(context: Mapping[str, Any]) -> Iterator[str]:
    if context.get("allowPrivilegeEscalation") is not False:
        yield "securityContext: it may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "securityContext: it may write to its image's files"
    if (context.get("capabilities") or {}).get("drop") != ["ALL"]:
        yield "securityContext: it keeps capabilities"
