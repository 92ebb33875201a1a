"""The keys that Dagster's Helm chart knows, and what each takes.

The chart's own schema leaves many objects open, so that a mistyped key is silently without effect;
and without the chart there is no schema at all. So `chart_keys.txt` keeps the names and types of
the settings, one a line, and nothing else of the chart: it was derived by

    python -m m2s_orchestration_tests.kubernetes.chart.chart_keys path/to/chart

from the chart's schema and its default values, and `make kubernetes CHART=path/to/chart` derives it
again and compares. A type with dots in it is Kubernetes' own and is held against Kubernetes'
schema. Left out are the parts of the chart that this project has no use for.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from m2s_orchestration_tests.kubernetes.objects.kubernetes_types import faults_of_part

FILE = Path(__file__).with_name("chart_keys.txt")
USER_CODE = "dagster-user-deployments"
NOT_USED = re.compile(
    r"(flower|rabbitmq|redis|pipelineRun|ingress\.flower|computeLogManager\.config"
    r"|runLauncher\.config\.(celery|custom)\w+|scheduler\.config|pythonLogs|migrate"
    r"|dagsterDaemon\.runCoordinator\.config\.custom\w+)\b.*"
)
SCALARS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}

Keys = Mapping[str, frozenset[str]]


def read() -> Keys:
    """The keys that are kept here: path, and the types that it may have."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    parts = (line.partition(" ") for line in lines)
    return {path: frozenset(types.split("|")) for path, _, types in parts}


def faults(given: Mapping[str, Any], keys: Keys) -> list[str]:
    """What the chart would not know, or not take, of some values."""
    return [fault for key, value in given.items() for fault in _faults(key, value, keys)]


def _faults(path: str, value: Any, keys: Keys) -> Iterator[str]:
    types = keys.get(path)
    if types is None:
        near = get_close_matches(path, keys, n=1)
        yield f"{path}: the chart knows no such key{f'; did you mean {near[0]}?' if near else ''}"
    elif value is None or types & {"any"}:
        return
    elif "object" in types and isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _faults(f"{path}.{key}", inner, keys)
    elif "list" in types and isinstance(value, list):
        for inner in value:
            yield from _faults(f"{path}[]", inner, keys)
    elif theirs := [name for name in types if "." in name]:
        yield from _faults_of_kubernetes(path, value, theirs[0], keys)
    elif not _fits(value, types):
        yield f"{path}: {value!r} is not of the type {' or '.join(sorted(types))}"


def _faults_of_kubernetes(path: str, value: Any, name: str, keys: Keys) -> Iterator[str]:
    if isinstance(value, Mapping):
        # The chart adds a key of its own to some of Kubernetes' types (`enabled` of a probe).
        value = {key: inner for key, inner in value.items() if f"{path}.{key}" not in keys}
    for fault in faults_of_part(name, value):
        yield f"{path}.{fault}"


def _fits(value: Any, types: frozenset[str]) -> bool:
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, Mapping):
        return "map" in types
    return any(name in types and isinstance(value, kind) for name, kind in SCALARS.items())


def derive(chart: Path) -> Keys:
    """The keys of a chart, from its schema and its default values, and its subchart's likewise."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder, prefix in ((chart / "charts" / USER_CODE, f"{USER_CODE}."), (chart, "")):
        schema = json.loads((folder / "values.schema.json").read_text(encoding="utf-8"))
        _Schema(schema, found).walk_properties(schema, prefix)
        text = (folder / "values.yaml").read_text(encoding="utf-8")
        _add_defaults(found, yaml.safe_load(text), prefix, text)
    return {path: frozenset(types) for path, types in found.items() if not NOT_USED.fullmatch(path)}


class _Schema:
    """Walks a schema of the chart, and notes each path with its types."""

    def __init__(self, root: Mapping[str, Any], found: dict[str, set[str]]) -> None:
        self._root = root
        self._found = found

    def walk_properties(self, schema: Mapping[str, Any], prefix: str) -> None:
        for name, inner in schema.get("properties", {}).items():
            self.walk(inner, prefix + name)

    def walk(self, schema: Mapping[str, Any], path: str) -> None:
        for alternative in schema.get("anyOf", ()):
            self.walk(alternative, path)
        place = schema.get("$ref", "")
        if place.startswith("#/$defs/") and not place.startswith("#/$defs/io.k8s."):
            self.walk(self._root["$defs"][place.removeprefix("#/$defs/")], path)
        elif place:
            self._found[path].add(place.partition("io.k8s.")[1] + place.partition("io.k8s.")[2])
            self.walk_properties(schema, f"{path}.")
        elif "anyOf" not in schema:
            self._walk_type(schema, path)

    def _walk_type(self, schema: Mapping[str, Any], path: str) -> None:
        name = schema.get("type", "any")
        if name == "object" and "properties" in schema:
            self._found[path].add("object")
            self.walk_properties(schema, f"{path}.")
        elif name == "array":
            self._found[path].add("list")
            self.walk(schema.get("items", {}), f"{path}[]")
        elif name != "null":
            self._found[path].add("map" if name == "object" else name)


def _add_defaults(
    found: dict[str, set[str]], defaults: Mapping[str, Any], prefix: str, text: str
) -> None:
    """Keys that only the default values name, and those of maps whose defaults tell their keys."""
    for key, value in defaults.items():
        path = prefix + key
        if isinstance(value, Mapping) and value and found[path] <= {"map", "object"}:
            found[path] = {"object"}
            _add_defaults(found, value, f"{path}.", text)
            for name in _named_in_comments(text, key) if key == "runMonitoring" else ():
                found[f"{path}.{name}"].add("integer")
        elif not found[path]:
            found[path].add(_type_of(value))


def _named_in_comments(text: str, block: str) -> list[str]:
    """Keys that a block of the default values shows commented out, because they have no default."""
    after = text.partition(f"  {block}:\n")[2]
    inside = re.split(r"^ {0,2}\w", after, maxsplit=1, flags=re.MULTILINE)[0]
    return re.findall(r"^ +# (\w+): \d+$", inside, flags=re.MULTILINE)


def _type_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return "map"
    if value is None or isinstance(value, list):
        return "any"
    return next(
        name for name in ("boolean", "integer", "string") if isinstance(value, SCALARS[name])
    )


def write(chart: Path) -> None:
    """Keep the keys of a chart here."""
    lines = [f"{path} {'|'.join(sorted(types))}\n" for path, types in sorted(derive(chart).items())]
    FILE.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
