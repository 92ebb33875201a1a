"""The alert rules and the dashboard, in a real Prometheus that scrapes a live exporter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._daemon.types import DaemonHeartbeat

from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import tick_before
from m2s_orchestration.monitoring.metrics.families import DAEMONS
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.acceptance import prometheus
from m2s_orchestration_tests.acceptance.conftest import Site, switch_on
from m2s_orchestration_tests.acceptance.exporter import exporter, page, samples_in
from m2s_orchestration_tests.acceptance.prometheus import Prometheus, promtool
from m2s_orchestration_tests.acceptance.test_metrics import (
    AGING,
    AWAY,
    leave_lease,
    put_in_doubt,
    run_aging,
)
from m2s_orchestration_tests.eventually import eventually

DOCS = Path(__file__).parents[2] / "docs"
RULES = DOCS / "alert-rules.yaml"


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def without_patience() -> list[dict[str, Any]]:
    """The rules as they are, but for how long something has to last: a second."""
    return [rule | {"for": "1s"} if "for" in rule else rule for rule in rules()]


def some_scrapes(server: Prometheus) -> bool:
    """Whether there is enough for a rise to be seen."""
    return bool(server.query('count_over_time(m2s_up{database="club"}[5m]) >= 3'))


def sign_of_life(instance: dg.DagsterInstance, daemon: str, moment: datetime) -> None:
    instance.add_daemon_heartbeat(DaemonHeartbeat(moment.timestamp(), daemon, "test"))


def one_that_was_due_an_hour_ago(now: datetime) -> Notification:
    return next(
        item for item in NOTIFICATIONS if tick_before(item.cron, now) < now - timedelta(minutes=61)
    )


def do_harm(site: Site, instance: dg.DagsterInstance) -> set[tuple[str, str]]:
    """Everything that the rules are for, but for what is away; gives the alerts that are due."""
    now = datetime.now(UTC)
    run_aging(site, EMAIL_PORT="9")
    put_in_doubt(site, 1)
    leave_lease(site, "notify_late_sprs", minutes_left=-60)
    late = one_that_was_due_an_hour_ago(now)
    switch_on(site, late.schedule_name)
    with site.database.connect("test") as connection:
        connection.execute(
            """
            INSERT INTO m2s_orchestration.cutover (notification, effective_from, moved_by)
            VALUES (%s, now() - interval '39 days', 'jane')
            """,
            [late.name],
        )
        connection.execute(
            """
            INSERT INTO m2s_orchestration.occurrence (notification, tick, state, due_until)
            VALUES ('send_maintenance_digest', now(), 'expired', now())
            """
        )
        connection.execute(
            """
            INSERT INTO m2s_orchestration.attempt (delivery_id, state, run_id, code)
            VALUES (2, 'failed', 'run', 550)
            """
        )
        connection.execute(
            """
            INSERT INTO m2s_orchestration.lease_event (notification, event, owner)
            SELECT 'notify_pending_sprs', event, 'test'
            FROM unnest(%s::text[]) AS event
            """,
            [["lost", *["contended"] * 6]],
        )
    run_that_took(site, instance, "expire_ad_hoc_days", seconds=200)
    instance.report_runless_asset_event(
        dg.AssetMaterialization("send_duty_preop_emails", metadata={"peak_memory_mib": 250.0})
    )
    sign_of_life(instance, "SCHEDULER", now - timedelta(hours=1))
    return {
        ("RunFailed", AGING),
        ("MailWaits", AGING),
        ("MailInDoubt", AGING),
        ("MailRefused", AGING),
        ("LeaseStale", "notify_late_sprs"),
        ("LeaseLost", "notify_pending_sprs"),
        ("LeaseContended", "notify_pending_sprs"),
        ("OccurrenceLate", late.name),
        ("OccurrenceMissed", "send_maintenance_digest"),
        ("RunNearsItsMemory", "send_duty_preop_emails"),
        ("RunNearsItsDeadline", "expire_ad_hoc_days"),
        ("DaemonSilent", "SCHEDULER"),
    }


def run_that_took(site: Site, instance: dg.DagsterInstance, name: str, *, seconds: int) -> None:
    run = dg.DagsterRun(job_name=name, status=dg.DagsterRunStatus.SUCCESS)
    instance.add_run(run)
    with Database(site.environment["DAGSTER_PG_URL"]).connect("test") as connection:
        connection.execute(
            "UPDATE runs SET start_time = 1000, end_time = 1000 + %s WHERE run_id = %s",
            [seconds, run.run_id],
        )


def test_every_rule_fires_when_its_harm_is_done_and_none_before(
    site: Site, instance: dg.DagsterInstance
) -> None:
    for daemon in DAEMONS:
        sign_of_life(instance, daemon, datetime.now(UTC) + timedelta(minutes=9))
    port = prometheus.free_port()

    with prometheus.running(site.folder / "prometheus", port, without_patience()) as server:
        with exporter(site, port=port):
            eventually(lambda: some_scrapes(server), within=60)
            eventually(lambda: not server.firing(), within=10)

            due = do_harm(site, instance)

            eventually(lambda: server.firing() >= due, within=60)
            assert server.firing() == due
        eventually(lambda: ("ExporterAway", "") in server.firing(), within=60)
        with exporter(site, port=port, environment=AWAY):
            eventually(lambda: ("DatabaseAway", "club") in server.firing(), within=60)

    away = {"ExporterAway", "DatabaseAway"}
    assert {name for name, _ in due} | away == {rule["alert"] for rule in rules()}


def test_the_dashboard_shows_a_club_in_which_nothing_has_happened_yet(
    site: Site, instance: dg.DagsterInstance
) -> None:
    dashboard = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
    asked = {
        (panel["title"], target["expr"].replace("$notification", ".*"))
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }
    port = prometheus.free_port()

    with (
        exporter(site, port=port),
        prometheus.running(site.folder / "prometheus", port) as server,
    ):
        eventually(lambda: some_scrapes(server), within=60)
        shown = {title for title, expression in asked if server.query(expression)}

    # No success, no schedule that is on, and no run of which a share could have failed.
    nothing_to_show = {
        "Since the last success",
        "Until the next occurrence",
        "Share of runs that failed, a day",
    }
    assert {title for title, _ in asked} - shown == nothing_to_show


def test_promtool_finds_no_fault_in_the_rules_nor_in_what_the_exporter_tells(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with exporter(site) as address:
        text = page(address)

    judged = promtool("check", "metrics", given=text)
    assert (judged.returncode, judged.stderr) == (0, "")
    judged = promtool("check", "rules", RULES)
    assert judged.returncode == 0, judged.stderr
    assert f"{len(rules())} rules found" in judged.stdout


def test_mail_has_to_wait_or_be_in_doubt_for_a_while_before_anybody_is_told(
    site: Site, instance: dg.DagsterInstance
) -> None:
    """promtool plays what a live exporter told, for three hours."""
    run_aging(site, EMAIL_PORT="9")
    put_in_doubt(site, 1)
    with exporter(site) as address:
        told = samples_in(page(address))
    series = [
        {"series": _series(name, dict(labels)), "values": f"{number!r}x180"}
        for (name, labels), number in told.items()
    ]
    moments = {"MailInDoubt": ("59m", "61m"), "MailWaits": ("119m", "121m")}
    expected = [
        {"eval_time": moment, "alertname": name, "exp_alerts": alerts}
        for name, (before, after) in moments.items()
        for moment, alerts in ((before, []), (after, [_alert(name)]))
    ]
    case = {"interval": "1m", "input_series": series, "alert_rule_test": expected}
    file = site.folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [case]}))

    judged = promtool("test", "rules", file)

    assert judged.returncode == 0, judged.stdout + judged.stderr


def _series(name: str, labels: Mapping[str, str]) -> str:
    told = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{told}}}"


def _alert(name: str) -> dict[str, object]:
    """As the rule has it, for one mail of the notification."""
    (rule,) = (rule for rule in rules() if rule["alert"] == name)
    told = {
        key: text.replace("{{ $labels.notification }}", AGING).replace("{{ $value }}", "1")
        for key, text in rule["annotations"].items()
    }
    labels = {**rule["labels"], "notification": AGING}
    return {"exp_labels": labels, "exp_annotations": told}
