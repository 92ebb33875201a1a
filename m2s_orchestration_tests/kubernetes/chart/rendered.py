"""What Helm makes of a chart that is at hand, as rows of the table."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from m2s_orchestration_tests.kubernetes.chart import agreement, chart_keys, values
from m2s_orchestration_tests.kubernetes.chart.helm import (
    HelmRefused,
    objects,
    render,
    version,
    whole,
)
from m2s_orchestration_tests.kubernetes.checks import instance_file, told
from m2s_orchestration_tests.kubernetes.objects.kubernetes_types import RELEASES
from m2s_orchestration_tests.kubernetes.objects.manifests import (
    Object,
    containers,
    faults,
    pod_template,
)
from m2s_orchestration_tests.kubernetes.table import Row

READ_ONLY = ("--set", "dagsterWebserver.enableReadOnly=true")
# A key that the chart's schema lets pass, and one that it does not.
MISTYPED = ("--set", "runLauncher.config.k8sRunLauncher.resorces.limits.memory=1Gi")


def rows(chart: Path) -> Iterator[Row]:
    """Every row that the chart is needed for."""
    with tempfile.TemporaryDirectory() as folder:
        copy = whole(chart, Path(folder) / "chart")
        yield _keys(chart)
        yield _refuses(copy)
        try:
            documents, with_read_only = render(copy), render(copy, *READ_ONLY)
        except HelmRefused as fault:
            yield Row("chart", "Helm renders it with our values", str(fault), holds=False)
            return
    yield Row("chart", "Helm renders it with our values", f"yes, {version()}", holds=True)
    yield from _objects(documents)
    yield _read_only(documents, with_read_only)
    yield _secrets(documents)
    yield from _instance(documents)


def rendered_instance(documents: list[Object]) -> dict[str, Any]:
    """The dagster.yaml among the objects."""
    name = f"{values.RELEASE}-instance"
    (found,) = (
        item for item in objects(documents, "ConfigMap") if item["metadata"]["name"] == name
    )
    config: dict[str, Any] = yaml.safe_load(found["data"]["dagster.yaml"])
    return config


def _keys(chart: Path) -> Row:
    kept, its = chart_keys.read(), chart_keys.derive(chart)
    unknown = chart_keys.faults(values.read(), its)
    news = f"{len(its.keys() - kept.keys())} new, {len(kept.keys() - its.keys())} gone since kept"
    return Row("chart", "it knows every key of ours", told(unknown, f"yes; {news}"), not unknown)


def _refuses(copy: Path) -> Row:
    try:
        render(copy, *MISTYPED)
    except HelmRefused:
        return Row("chart", "a mistyped key", "refused by its schema", holds=True)
    return Row("chart", "a mistyped key", "rendered all the same", holds=False)


def _objects(documents: list[Object]) -> Iterator[Row]:
    for kind, number in sorted(Counter(item["kind"] for item in documents).items()):
        found = [fault for item in objects(documents, kind) for fault in faults(item)]
        outcome = told(found, f"{number} valid in {' and '.join(RELEASES)}")
        yield Row("chart", f"every {kind} that it makes", outcome, not found)


def _read_only(documents: list[Object], more: list[Object]) -> Row:
    names = {item["metadata"]["name"] for item in documents}
    added = [item for item in more if item["metadata"]["name"] not in names]
    found = [fault for item in added for fault in faults(item)]
    kinds = sorted(item["kind"] for item in added)
    return Row(
        "chart",
        "with a webserver that only shows",
        told(found, f"{' and '.join(kinds)} more, valid"),
        not found and kinds == ["Deployment", "Service"],
    )


def _secrets(documents: list[Object]) -> Row:
    (secret,) = values.code_server(values.read())["envSecrets"]
    having = [
        item["metadata"]["labels"]["component"]
        for item in objects(documents, "Deployment")
        for container in containers((pod_template(item) or {})["spec"])
        for source in container.get("envFrom") or ()
        if source.get("secretRef", {}).get("name") == secret["name"]
    ]
    return Row(
        "chart",
        f"who has {secret['name']}",
        f"{', '.join(having) or 'nobody'}, and the runs",
        sorted(having) == ["metrics", "user-deployments"],
    )


def _instance(documents: list[Object]) -> Iterator[Row]:
    config = rendered_instance(documents)
    ours = values.instance_config(values.read())
    differing = sorted(key for key in {*ours, *config} if ours.get(key) != config.get(key))
    yield Row(
        "chart",
        "the dagster.yaml that it makes, against what the other rows took it for",
        told(differing, "equal"),
        not differing,
    )
    here = agreement.settings(instance_file())
    found = agreement.differences(here, agreement.settings(config))
    yield Row(
        "chart",
        "the same against the dagster.yaml of this repository",
        told(found, "the same to Dagster"),
        not found,
    )
