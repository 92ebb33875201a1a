"""What Prometheus reads, from a live exporter over HTTP, on a club with a life behind it."""

from __future__ import annotations

import dagster as dg
import pytest

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration.monitoring.alert_operators import notification as alert
from m2s_orchestration.monitoring.metrics import families
from m2s_orchestration.notifications import NAMES
from m2s_orchestration_tests.acceptance.conftest import Site, switch_on
from m2s_orchestration_tests.acceptance.exporter import (
    Samples,
    counters,
    exporter,
    page,
    scrape,
    value,
)
from m2s_orchestration_tests.conftest import WITH_LEDGER
from m2s_orchestration_tests.eventually import eventually

AGING = "notify_aging_logsheets"
LATE_SPRS = "notify_late_sprs"
# As helm-values.yaml has it.
ASKED_BY_PROBES = "/metrics?name%5B%5D=nothing"
AWAY = {"DATABASE_URL": "postgresql://club:hush@127.0.0.1:9/club"}
JOBS = (*NAMES, alert.name, *(command.name for command in COMMANDS))


def run_aging(site: Site, *more: str, **environment: str) -> None:
    late = ("--as-of", "2026-03-01T08:00Z", "--send-late")
    site.run("m2s_orchestration.cli", "run", AGING, *late, *more, **environment)


def put_in_doubt(site: Site, delivery: int) -> None:
    with site.database.connect("test") as connection:
        for state in ("sending", "unknown"):
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET state = %s, owner = 'gone' WHERE id = %s",
                [state, delivery],
            )


def leave_lease(site: Site, name: str, *, minutes_left: int) -> None:
    with site.database.connect("test") as connection:
        connection.execute(
            "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
            " VALUES (%s, 'web-7f9c-1', now(), now() + make_interval(mins => %s))",
            [name, minutes_left],
        )


@pytest.fixture
def a_life(site: Site, instance: dg.DagsterInstance) -> Site:
    """A run without a mail server, one in which a mail is in doubt, a rehearsal, and a busy one."""
    switch_on(site, f"{AGING}_schedule")
    run_aging(site, EMAIL_PORT="9")
    put_in_doubt(site, 1)
    run_aging(site)
    run_aging(site, "--dry-run")
    leave_lease(site, AGING, minutes_left=15)
    run_aging(site)
    leave_lease(site, LATE_SPRS, minutes_left=-60)
    return site


def test_a_live_exporter_tells_names_and_values(a_life: Site) -> None:
    with exporter(a_life) as address:
        found = scrape(address)
    with exporter(a_life) as another:
        assert counters(scrape(another)) == counters(found)

    assert value(found, "m2s_up", database="club") == 1
    assert value(found, "m2s_up", database="dagster") == 1
    of_deliveries(found)
    of_leases(found)
    of_runs(found)
    of_schedules(found)


def of_deliveries(found: Samples) -> None:
    named = {"notification": AGING}
    assert value(found, "m2s_deliveries", state="unknown", **named) == 1
    assert value(found, "m2s_deliveries", state="sent", **named) == 1
    assert value(found, "m2s_deliveries", state="planned", **named) == 0
    assert value(found, "m2s_attempts_total", state="sent", **named) == 1
    assert value(found, "m2s_occurrences", state="done", **named) == 1
    assert (value(found, "m2s_last_success_timestamp_seconds", **named) or 0) > 1.7e9
    assert value(found, "m2s_last_success_timestamp_seconds", notification=LATE_SPRS) == 0


def of_leases(found: Samples) -> None:
    named = {"notification": AGING}
    for event, count in {"acquired": 2, "released": 2, "contended": 1, "taken_over": 0}.items():
        assert value(found, "m2s_lease_events_total", event=event, **named) == count, event
    assert value(found, "m2s_lease_held_seconds_count", **named) == 2
    assert value(found, "m2s_lease_held_seconds_bucket", le="900.0", **named) == 2
    assert 0 < (value(found, "m2s_lease_held_seconds_sum", **named) or 0) < 900
    assert value(found, "m2s_lease_live", **named) == 1
    assert value(found, "m2s_lease_stale_seconds", **named) == 0
    stale = value(found, "m2s_lease_stale_seconds", notification=LATE_SPRS)
    assert stale
    assert 3600 <= stale < 7200


def of_runs(found: Samples) -> None:
    named = {"notification": AGING}
    assert value(found, "m2s_runs_total", status="failure", **named) == 2
    assert value(found, "m2s_runs_total", status="success", **named) == 2
    for outcome, count in {"incomplete": 2, "rehearsal": 1, "busy": 1, "sent": 0}.items():
        assert value(found, "m2s_run_outcomes_total", outcome=outcome, **named) == count, outcome
    assert value(found, "m2s_run_duration_seconds_count", **named) == 4
    assert value(found, "m2s_run_duration_seconds_bucket", le="+Inf", **named) == 4
    assert (value(found, "m2s_run_duration_seconds_sum", **named) or 0) > 0
    peak = value(found, "m2s_run_peak_memory_bytes", **named) or 0
    limit = value(found, "m2s_run_memory_limit_bytes", **named)
    assert 50e6 < peak < 500e6
    assert limit == 256 * 1024**2
    assert value(found, "m2s_run_deadline_seconds", **named) == 900


def of_schedules(found: Samples) -> None:
    assert value(found, "m2s_schedule_on", notification=AGING) == 1
    assert value(found, "m2s_schedule_on", notification=LATE_SPRS) == 0
    assert (value(found, "m2s_next_due_timestamp_seconds", notification=AGING) or 0) > 1.7e9
    assert value(found, "m2s_occurrence_late_seconds", notification=AGING) == 0


def test_every_series_is_there_before_anything_happens(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with exporter(site) as address:
        found = scrape(address)

    assert set(counters(found).values()) == {0.0}
    for name, labels in series():
        assert value(found, name, **labels) is not None, (name, labels)
    told = {dict(labels).get("notification", AGING).removesuffix("@dagster") for _, labels in found}
    assert told == set(JOBS)


def series() -> list[tuple[str, dict[str, str]]]:
    """What the rules and the dashboard look for in a club in which nothing has happened yet."""
    words = {
        ("m2s_deliveries", "state"): families.DELIVERY_STATES,
        ("m2s_attempts_total", "state"): families.DELIVERY_STATES,
        ("m2s_occurrences", "state"): families.OCCURRENCE_STATES,
        ("m2s_lease_events_total", "event"): families.LEASE_EVENTS,
        ("m2s_runs_total", "status"): families.STATUSES,
        ("m2s_run_outcomes_total", "outcome"): families.OUTCOMES,
        ("m2s_troubles_total", "kind"): families.TROUBLES,
    }
    worded = [
        (metric, {"notification": name, label: word})
        for (metric, label), its in words.items()
        for word in its
        for name in NAMES
    ]
    single = [
        *("m2s_last_success_timestamp_seconds", "m2s_occurrence_late_seconds", "m2s_lease_live"),
        *("m2s_next_due_timestamp_seconds", "m2s_schedule_on", "m2s_lease_stale_seconds"),
        *("m2s_lease_held_seconds_count", "m2s_run_duration_seconds_count", "m2s_runs_under_way"),
        *("m2s_run_peak_memory_bytes", "m2s_run_memory_limit_bytes", "m2s_run_deadline_seconds"),
    ]
    named = [(metric, {"notification": name}) for metric in single for name in NAMES]
    beats = [("m2s_daemon_heartbeat_timestamp_seconds", {"daemon": d}) for d in families.DAEMONS]
    return [*worded, *named, *beats]


def test_a_club_that_is_away_is_told_and_the_rest_all_the_same(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with exporter(site, environment=AWAY) as address:
        found = scrape(address)

    assert value(found, "m2s_up", database="club") == 0
    assert value(found, "m2s_up", database="dagster") == 1
    assert value(found, "m2s_schedule_on", notification=AGING) == 0
    assert value(found, "m2s_deliveries", notification=AGING, state="sent") is None


def test_an_exporter_that_began_without_databases_tells_of_both_when_they_come(
    site: Site, instance: dg.DagsterInstance, postgres: EmbeddedPostgres
) -> None:
    later = {
        "DATABASE_URL": postgres.conninfo("club_to_come"),
        "DAGSTER_PG_URL": postgres.conninfo("dagster_to_come"),
    }
    with exporter(site, environment=later) as address:
        before = scrape(address)
        assert value(before, "m2s_up", database="club") == 0
        assert value(before, "m2s_up", database="dagster") == 0
        assert value(before, "m2s_run_deadline_seconds", notification=AGING) == 900

        postgres.create_database("club_to_come", template=WITH_LEDGER)
        postgres.create_database("dagster_to_come")
        eventually(lambda: value(scrape(address), "m2s_up", database="club"), within=30)
        eventually(lambda: value(scrape(address), "m2s_up", database="dagster"), within=60)
    for name in ("club_to_come", "dagster_to_come"):
        postgres.drop_database(name)


def test_a_table_that_somebody_locks_keeps_prometheus_no_longer_than_it_waits(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with exporter(site) as address, site.database.connect("test") as connection:
        with connection.transaction():
            connection.execute("LOCK TABLE m2s_orchestration.delivery")
            locked = scrape(address)
        free = scrape(address)

    assert value(locked, "m2s_up", database="club") == 0
    assert value(free, "m2s_up", database="club") == 1


def test_a_probe_asks_no_database(site: Site) -> None:
    with exporter(site, environment=AWAY) as address:
        assert page(address.replace("/metrics", ASKED_BY_PROBES)) == ""


def test_it_needs_no_more_of_the_clubs_settings_than_the_database(
    site: Site, instance: dg.DagsterInstance
) -> None:
    for name in [name for name in site.environment if name.startswith(("EMAIL", "SITE"))]:
        del site.environment[name]

    with exporter(site) as address:
        assert value(scrape(address), "m2s_up", database="club") == 1


def test_a_port_that_is_taken_is_told_in_words(site: Site, instance: dg.DagsterInstance) -> None:
    with exporter(site) as address:
        port = address.rpartition(":")[2].partition("/")[0]
        second = site.run("m2s_orchestration.cli", "metrics", "--port", port)

    assert second.returncode == 2
    assert f"Nobody can listen on 127.0.0.1:{port}" in second.stderr
