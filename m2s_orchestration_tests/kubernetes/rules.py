"""What makes a Job acceptable: the schema, strictly, and what the schema does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import kubernetes_validate
from kubernetes.utils import parse_quantity

from m2s_orchestration_tests.kubernetes.store import Object

KUBERNETES = "1.33"

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def faults(job: Object) -> list[str]:
    """Why this Job is not acceptable; empty if it is."""
    try:
        kubernetes_validate.validate(job, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        where = ".".join(str(part) for part in error.path)
        return [f"{where or 'the Job'}: {error.message}"]
    return list(_beyond_the_schema(job))


def _beyond_the_schema(job: Object) -> Iterator[str]:
    if not NAME.fullmatch(job["metadata"].get("name", "")):
        yield f"metadata.name: {job['metadata'].get('name')!r} is no name"
    spec = job["spec"]
    for field, least in (
        ("backoffLimit", 0),
        ("activeDeadlineSeconds", 1),
        ("ttlSecondsAfterFinished", 0),
    ):
        if spec.get(field, least) < least:
            yield f"spec.{field}: must be {least} or more"
    template = spec["template"]
    for owner in (job, template):
        yield from _labels(owner.get("metadata", {}))
    yield from _pod(template["spec"])


def _labels(metadata: Object) -> Iterator[str]:
    for key, value in metadata.get("labels", {}).items():
        if not LABEL.fullmatch(value):
            yield f"metadata.labels.{key}: {value!r} is no label's value"


def _pod(spec: Object) -> Iterator[str]:
    if spec.get("restartPolicy") not in {"Never", "OnFailure"}:
        yield f"restartPolicy: {spec.get('restartPolicy')!r}: a Job takes Never or OnFailure"
    volumes = {volume["name"] for volume in spec.get("volumes", [])}
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    for container in containers:
        where = f"containers.{container['name']}"
        if not container.get("image"):
            yield f"{where}.image: is required"
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                yield f"{where}.volumeMounts: there is no volume {mount['name']!r}"
        yield from _resources(where, container.get("resources", {}))


def _resources(where: str, resources: Object) -> Iterator[str]:
    read: dict[str, dict[str, Decimal]] = {"requests": {}, "limits": {}}
    for kind, quantities in read.items():
        for name, text in resources.get(kind, {}).items():
            try:
                quantities[name] = parse_quantity(text)
            except ValueError:
                yield f"{where}.resources.{kind}.{name}: {text!r} is no quantity"
    for name, limit in read["limits"].items():
        if read["requests"].get(name, limit) > limit:
            yield f"{where}.resources.requests.{name}: is more than its limit"
