"""What goes wrong reaches the operators once: real runs that fail, real mail, a real instance."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.definitions import defs
from m2s_orchestration.framework.occurrence import ticks_between
from m2s_orchestration.monitoring.alerts import Watched, alert_lacking
from m2s_orchestration.monitoring.missed_occurrences import runs_lacking
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.acceptance.conftest import Site, settings, switch_on

AGING = "notify_aging_logsheets"
OPERATORS = "operators@example.org"
ALERT = "alert_operators"
WATCHED = Watched(NOTIFICATIONS, [command.name for command in COMMANDS])
NO_MAIL_SERVER = "9"

Alert = Callable[..., list[str]]


@pytest.fixture
def alert(site: Site, instance: dg.DagsterInstance) -> Alert:
    """What the sensor does at a moment, and the run that it starts; returns the mails so far."""
    site.environment.update(OPERATORS_EMAIL=OPERATORS, DAGSTER_URL="https://dagster.example.org")

    def look(now: datetime | None = None, **environment: str) -> list[str]:
        now = now or datetime.now(UTC)
        request = alert_lacking(instance, settings(site), WATCHED, now=now)
        if request:
            # The run itself lives now, whatever moment the sensor was told.
            asked = dict(request.run_config) | {"as_of": datetime.now(UTC).isoformat()}
            (site.folder / "alert.yaml").write_text(json.dumps(asked))
            site.run(
                *("dagster", "job", "execute", "-m", "m2s_orchestration.definitions"),
                *("-j", ALERT, "-c", "alert.yaml"),
                **environment,
            )
        return [
            # In one line: where a line ends is the layout's to say.
            " ".join(mail.message.get_body(("plain",)).get_content().split())  # type: ignore[union-attr]
            for mail in site.mailbox.messages()
            if OPERATORS in mail.recipients
        ]

    return look


def run_aging(site: Site, *arguments: str, **environment: str) -> None:
    late = ("--as-of", "2026-03-01T08:00Z", "--send-late")
    site.run("m2s_orchestration.cli", "run", AGING, *late, *arguments, **environment)


def test_an_occurrence_that_fails_again_and_again_is_told_once(
    site: Site, instance: dg.DagsterInstance, alert: Alert
) -> None:
    run_aging(site, EMAIL_PORT=NO_MAIL_SERVER)
    (first,) = instance.get_runs()
    alert()
    run_aging(site, EMAIL_PORT=NO_MAIL_SERVER)
    alert()
    (told,) = alert()

    assert f"{AGING}, occurrence 2026-03-01-08:00 UTC: a run failed." in told
    assert f"https://dagster.example.org/runs/{first.run_id}" in told
    assert "Of its mail: 2 planned." in told
    assert "m2s run notify_aging_logsheets --as-of 2026-03-01T08:00:00Z" in told
    assert "***@members.highmeadowsoaring.example" in told
    assert "elodie" not in told


def test_an_alert_that_no_server_takes_goes_out_when_one_does(site: Site, alert: Alert) -> None:
    run_aging(site, EMAIL_PORT=NO_MAIL_SERVER)

    away = alert(EMAIL_PORT=NO_MAIL_SERVER)
    at_once = alert()
    later = alert(datetime.now(UTC) + timedelta(minutes=3))
    afterwards = alert(datetime.now(UTC) + timedelta(minutes=9))

    assert (away, at_once) == ([], [])
    assert len(later) == len(afterwards) == 1


def test_what_a_person_asked_for_in_vain_or_rehearsed_is_no_alert(site: Site, alert: Alert) -> None:
    for config in ("days: 0\n", "days: 0\ndry_run: true\n"):
        (site.folder / "config.yaml").write_text(config)
        execute = ("dagster", "job", "execute", "-m", "m2s_orchestration.definitions")
        assert site.run(*execute, "-j", AGING, "-c", "config.yaml").returncode == 1

    assert alert() == []


def test_an_occurrence_that_nobody_decides_is_told_after_an_hour_and_not_again_when_missed(
    site: Site, instance: dg.DagsterInstance, alert: Alert
) -> None:
    switch_on(site, f"{AGING}_schedule")
    switched_on_by = datetime.now(UTC) + timedelta(minutes=5)
    tick = ticks_between("0 8 * * *", switched_on_by, switched_on_by + timedelta(days=1))[0]

    soon = alert(tick + timedelta(minutes=50))
    (late,) = alert(tick + timedelta(minutes=70))
    too_late = tick + timedelta(hours=21)
    runs_lacking(instance, settings(site), NOTIFICATIONS, now=too_late)
    after_all = alert(too_late)

    assert soon == []
    assert "an hour late, and nothing is decided" in late
    assert after_all == [late]


def test_an_occurrence_that_was_missed_is_told_with_the_command_that_sends_it(
    site: Site, instance: dg.DagsterInstance, alert: Alert
) -> None:
    switch_on(site, f"{AGING}_schedule")
    switched_on_by = datetime.now(UTC) + timedelta(minutes=5)
    tick = ticks_between("0 8 * * *", switched_on_by, switched_on_by + timedelta(days=1))[0]
    too_late = tick + timedelta(hours=21)

    runs_lacking(instance, settings(site), NOTIFICATIONS, now=too_late)
    (told,) = alert(too_late)

    assert "missed, and too late now" in told
    assert f"m2s run {AGING} --as-of {tick:%Y-%m-%dT%H:%M:%SZ} --send-late" in told


def test_mail_in_doubt_is_told_after_an_hour_with_the_command_that_settles_it(
    site: Site, alert: Alert
) -> None:
    run_aging(site, EMAIL_PORT=NO_MAIL_SERVER)
    alert()
    with site.database.connect("test") as connection:
        for state in ("sending", "unknown"):
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET state = %s, owner = 'gone'"
                " WHERE id = (SELECT min(id) FROM m2s_orchestration.delivery)",
                [state],
            )
    fresh = alert()
    with site.database.connect("test") as connection:
        connection.execute("ALTER TABLE m2s_orchestration.delivery DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE m2s_orchestration.delivery SET changed_at = now() - interval '61 minutes'"
            " WHERE state = 'unknown'"
        )
        connection.execute("ALTER TABLE m2s_orchestration.delivery ENABLE TRIGGER USER")
    _, told = alert()

    assert len(fresh) == 1
    assert "mail may or may not have arrived" in told
    assert "m2s deliveries settle 1 sent|failed|retry" in told


def test_without_operators_nothing_is_noted(site: Site, instance: dg.DagsterInstance) -> None:
    run_aging(site, EMAIL_PORT=NO_MAIL_SERVER)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in site.environment.items():
            patch.setenv(name, value)
        sensor = defs.resolve_sensor_def("operators_alerts")
        context = dg.build_sensor_context(instance=instance)
        result = sensor.evaluate_tick(context)

    assert result.skip_message
    assert "OPERATORS_EMAIL is not set" in result.skip_message
