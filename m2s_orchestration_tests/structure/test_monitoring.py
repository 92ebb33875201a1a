"""The page of metrics, the rules and the dashboard name what there is, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
import yaml

from m2s_orchestration.monitoring.metrics.families import FAMILIES, Family
from m2s_orchestration_tests.structure.repository import ROOT

PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "docs" / "alert-rules.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((ROOT / "docs" / "grafana.json").read_text(encoding="utf-8"))
SELECTOR = re.compile(r"(?P<name>m2s_\w+)(?:\{(?P<labels>[^}]*)\})?")
UNITS = {"gauge": "", "counter": "_total", "histogram": "_seconds"}


def names(family: Family) -> list[str]:
    """The names of its samples."""
    parts = ("_bucket", "_count", "_sum") if family.kind == "histogram" else ("",)
    return [f"{family.name}{part}" for part in parts]


BY_NAME = {name: family for family in FAMILIES for name in names(family)}
ASKED = [rule["expr"] for rule in RULES]
ASKED += [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_metric_is_on_the_page_as_it_is(family: Family) -> None:
    labels = ", ".join(f"`{label}`" for label in family.labels)

    assert f"| `{family.name}` | {family.kind} | {labels} | {family.meaning} |" in PAGE
    assert family.name.endswith(UNITS[family.kind])
    assert (family.kind == "counter") == family.name.endswith("_total")


def test_the_page_has_no_other_metric() -> None:
    listed = re.findall(r"^\| `(m2s_\w+)` \|", PAGE, re.MULTILINE)

    assert listed == [family.name for family in FAMILIES]


def test_every_alert_is_on_the_page_with_what_to_do() -> None:
    listed = re.findall(r"^\| `([A-Z]\w+)` \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)

    assert listed == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_and_what_mends_it(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(rule["annotations"]) == {"summary", "remedy"}


@pytest.mark.parametrize("expression", ASKED)
def test_what_is_asked_for_is_told(expression: str) -> None:
    selected = list(SELECTOR.finditer(expression))

    assert selected
    for found in selected:
        family = BY_NAME[found["name"]]
        allowed = {*family.labels, *({"le"} if family.kind == "histogram" else ())}
        assert set(re.findall(r"(\w+)[=!]", found["labels"] or "")) <= allowed, found[0]


def test_panels_have_room_of_their_own_and_say_what_they_show() -> None:
    panels = DASHBOARD["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["title"] and panel["description"] for panel in panels)
    for one, other in combinations(panels, 2):
        assert not set(cells(one)) & set(cells(other)), (one["title"], other["title"])
    assert max(x for panel in panels for x, _ in cells(panel)) < 24


def cells(panel: dict[str, Any]) -> Iterator[tuple[int, int]]:
    """The places that it takes in the grid of the page."""
    at = panel["gridPos"]
    for x in range(at["x"], at["x"] + at["w"]):
        for y in range(at["y"], at["y"] + at["h"]):
            yield x, y
