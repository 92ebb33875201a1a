"""What Prometheus reads, from a live exporter, and the rules and the dashboard that rest on it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from m2s_orchestration_tests.acceptance.conftest import Site, switch_on

DOCS = Path(__file__).parents[2] / "docs"
AGING = "notify_aging_logsheets"
NAME = re.compile(r"\bm2s_\w+")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def run_aging(site: Site, **environment: str) -> None:
    late = ("--as-of", "2026-03-01T08:00Z", "--send-late")
    site.run("m2s_orchestration.cli", "run", AGING, *late, **environment)


@contextmanager
def exporter(site: Site) -> Iterator[str]:
    """The command itself; gives its address."""
    process = site.start("m2s_orchestration.cli", "metrics", "--port", "0")
    assert process.stdout
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


def scrape(address: str) -> Samples:
    with urllib.request.urlopen(address, timeout=60) as answer:
        text = answer.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def in_doubt(site: Site) -> None:
    with site.database.connect("test") as connection:
        for state in ("sending", "unknown"):
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET state = %s, owner = 'gone' WHERE id = 1",
                [state],
            )


@pytest.fixture
def samples(site: Site, instance: dg.DagsterInstance) -> Samples:
    """Of a club with a run that failed, one mail in doubt and one that waits."""
    del instance
    switch_on(site, f"{AGING}_schedule")
    run_aging(site, EMAIL_PORT="9")
    in_doubt(site)
    with exporter(site) as address:
        first, second = scrape(address), scrape(address)
    # A run is counted once, however often it is looked at.
    assert {key: second[key] for key in first if "runs_total" in key[0]} == {
        key: first[key] for key in first if "runs_total" in key[0]
    }
    return second


def test_a_live_exporter_tells_names_and_values(samples: Samples) -> None:
    named = {"notification": AGING}

    assert value(samples, "m2s_ledger_up") == 1
    assert value(samples, "m2s_deliveries", state="unknown", **named) == 1
    assert value(samples, "m2s_deliveries", state="planned", **named) == 1
    assert value(samples, "m2s_lease_events_total", event="acquired", **named) == 1
    assert value(samples, "m2s_lease_held_seconds_count", **named) == 1
    assert value(samples, "m2s_lease_held_seconds_bucket", le="900.0", **named) == 1
    assert value(samples, "m2s_schedule_on", **named) == 1
    assert value(samples, "m2s_schedule_on", notification="notify_late_sprs") == 0
    assert (value(samples, "m2s_next_due_timestamp_seconds", **named) or 0) > 1.7e9
    failed = {"job": AGING, "status": "failure", "outcome": "incomplete"}
    assert value(samples, "m2s_runs_total", **failed) == 1
    assert value(samples, "m2s_run_seconds_count", job=AGING) == 1
    assert (value(samples, "m2s_run_peak_memory_bytes", job=AGING) or 0) > 5e7


def test_a_database_that_is_away_is_told_and_the_rest_all_the_same(
    site: Site, instance: dg.DagsterInstance
) -> None:
    del instance
    site.environment["DATABASE_URL"] = "postgresql://club:hush@127.0.0.1:9/club"
    with exporter(site) as address:
        found = scrape(address)

    assert value(found, "m2s_ledger_up") == 0
    assert value(found, "m2s_schedule_on", notification=AGING) == 0


def rules() -> Mapping[str, Mapping[str, Any]]:
    (group,) = yaml.safe_load((DOCS / "alert-rules.yaml").read_text())["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def test_rules_and_dashboard_ask_for_what_there_is(samples: Samples) -> None:
    dashboard = json.loads((DOCS / "grafana.json").read_text())
    asked = [rule["expr"] for rule in rules().values()]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expression in asked for name in NAME.findall(expression)}
    told = {name for name, _ in samples}

    # Nothing has succeeded in this club.
    assert named - told == {"m2s_last_success_timestamp_seconds"}


def test_the_rules_fire_on_what_the_exporter_told(samples: Samples, tmp_path: Path) -> None:
    """promtool (Debian: apt-get install prometheus) plays the samples for three hours."""
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not installed: apt-get install prometheus"
    series = [
        {"series": _series(name, labels), "values": f"{number}x180"}
        for (name, labels), number in samples.items()
        if name in {"m2s_deliveries", "m2s_ledger_up", "m2s_schedule_on"}
    ]
    expected = [
        {
            "eval_time": "150m",
            "alertname": name,
            "exp_alerts": [_alert(name, state)] if state else [],
        }
        for name, state in (("MailInDoubt", "1"), ("MailWaits", "1"), ("LedgerAway", ""))
    ]
    expected.append({"eval_time": "50m", "alertname": "MailInDoubt", "exp_alerts": []})
    case = {"interval": "1m", "input_series": series, "alert_rule_test": expected}
    test = {"rule_files": [str(DOCS / "alert-rules.yaml")], "tests": [case]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(test))

    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def _series(name: str, labels: frozenset[tuple[str, str]]) -> str:
    told = ",".join(f'{label}="{text}"' for label, text in sorted(labels))
    return f"{name}{{{told}}}" if told else name


def _alert(name: str, count: str) -> dict[str, object]:
    rule = rules()[name]
    told = {
        key: text.replace("{{ $labels.notification }}", AGING).replace("{{ $value }}", count)
        for key, text in rule["annotations"].items()
    }
    return {
        "exp_labels": {**rule["labels"], "notification": AGING},
        "exp_annotations": told,
    }
