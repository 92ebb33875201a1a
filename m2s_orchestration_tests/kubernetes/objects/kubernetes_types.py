"""Kubernetes' own types, strictly: a part of an object, or a whole one, held against its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import kubernetes_validate
from jsonschema import Draft202012Validator

NEWEST = kubernetes_validate.latest_version()
# What is valid in both is taken to be so in between.
RELEASES = ("1.29", NEWEST.rpartition(".")[0])


@cache
def definitions() -> Mapping[str, Any]:
    """Every type of the newest release, by its full name; no key is allowed that is not its own."""
    folder = f"kubernetes-json-schema/v{NEWEST}-local-strict"
    text = (files("kubernetes_validate") / folder / "_definitions.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)["$defs"]
    return found


def faults_of_part(type_path: str, part: object) -> list[str]:
    """What is wrong with a part of an object; `PodSpec/properties/tolerations` is a type, too."""
    schema = {"$ref": f"#/$defs/{type_path}", "$defs": definitions()}
    return _told(Draft202012Validator(schema).iter_errors(part))


def faults_of_object(document: dict[str, Any]) -> list[str]:
    """What is wrong with a whole object, in any of the releases."""
    found: list[str] = []
    for release in RELEASES:
        try:
            kubernetes_validate.validate(document, release, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            found.append(f"in {release}: there is no kind {document.get('kind')}")
        except kubernetes_validate.ValidationError as fault:
            found += [f"in {release}: {told}" for told in _told([fault])]
    return found


def _told(errors: Any) -> list[str]:
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in errors]
