"""Whether Kubernetes would take an object, and whether it is as this project wants its pods.

First Kubernetes' own schemas, strictly. Then what an API server refuses and the schemas let pass:
quantities, requests above limits, cron expressions, images, restart rules, names and labels. Last,
in `standards`, what no API server asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cronsim import CronSim, CronSimError
from kubernetes.utils.quantity import parse_quantity

from m2s_orchestration_tests.kubernetes.objects import standards
from m2s_orchestration_tests.kubernetes.objects.kubernetes_types import faults_of_object

Object = dict[str, Any]

NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
POD_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LABEL_KEY = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
IMAGE = re.compile(r"[a-z0-9][\w./:@-]*")
LEAST = {"backoffLimit": 0, "activeDeadlineSeconds": 1, "ttlSecondsAfterFinished": 0}
RESTART_RULES = {"Job": {"Never", "OnFailure"}, "Pod": {"Always", "Never", "OnFailure"}}


def faults(document: Object) -> list[str]:
    """Everything that is wrong with an object, each with where it is."""
    kind = document.get("kind", "?")
    name = document.get("metadata", {}).get("name", "?")
    template = pod_template(document)
    found = [*refusals(document), *(standards.faults(template["spec"]) if template else ())]
    return [f"{kind} {name}: {fault}" for fault in found]


def refusals(document: Object) -> list[str]:
    """Why an API server would not take an object."""
    found = [*faults_of_object(document), *_of_metadata(document.get("metadata", {}))]
    # What is not even of the right shape is not looked at any further.
    if found:
        return found
    kind = document["kind"]
    if kind == "CronJob":
        found += _of_schedule(document["spec"])
    if kind == "Job":
        found += _of_job(document["spec"])
    if template := pod_template(document):
        found += _of_metadata(template.get("metadata", {}))
        found += _of_selector(document, template)
        found += _of_pod(template["spec"], kind)
    return found


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


def _of_job(spec: Mapping[str, Any]) -> Iterator[str]:
    for field, least in LEAST.items():
        if spec.get(field, least) < least:
            yield f"spec.{field}: must be {least} or more"


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
    for container in containers(pod):
        for fault in _of_container(container, volumes):
            yield f"containers.{container.get('name')}: {fault}"


def _of_container(container: Object, volumes: set[str]) -> Iterator[str]:
    if not POD_NAME.fullmatch(container.get("name", "")):
        yield "name: a container needs one of lower-case letters, digits and dashes"
    if not IMAGE.fullmatch(container.get("image", "")):
        yield f"image: {container.get('image', '')!r} names no image"
    for mount in container.get("volumeMounts") or ():
        if mount["name"] not in volumes:
            yield f"volumeMounts: the pod has no volume {mount['name']}"
    yield from _of_resources(container.get("resources") or {})


def _of_resources(resources: Mapping[str, Any]) -> Iterator[str]:
    requests, limits = (resources.get(kind) or {} for kind in ("requests", "limits"))
    for kind, given in (("requests", requests), ("limits", limits)):
        for measure, text in given.items():
            if _quantity(text) is None:
                yield f"resources.{kind}.{measure}: {text!r} is no quantity"
    for measure in requests.keys() & limits.keys():
        asked, allowed = requests[measure], limits[measure]
        least, most = _quantity(asked), _quantity(allowed)
        if least is not None and most is not None and least > most:
            yield f"resources: {asked} {measure} is asked for and {allowed} allowed"


def _quantity(text: Any) -> Decimal | None:
    try:
        amount: Decimal = parse_quantity(text)
    except (ValueError, TypeError):
        return None
    return amount if amount >= 0 else None
