"""What the plots and checks of the UI are made of: real runs on a real instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest

from m2s_orchestration.definitions import defs
from m2s_orchestration.monitoring.health import ASSET, THRESHOLDS
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.acceptance.conftest import Site

AGING = "notify_aging_logsheets"


def run_aging(site: Site, **environment: str) -> None:
    late = ("--as-of", "2026-03-01T08:00Z", "--send-late")
    site.run("m2s_orchestration.cli", "run", AGING, *late, **environment)


def numbers(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, Any]:
    return {
        name: value.value
        for name, value in metadata.items()
        if isinstance(value, dg.IntMetadataValue | dg.FloatMetadataValue)
    }


def plotted(instance: dg.DagsterInstance, asset: str) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event
    assert event.asset_materialization
    return numbers(event.asset_materialization.metadata)


def tick(
    site: Site, instance: dg.DagsterInstance
) -> tuple[dict[str, Any], dict[tuple[str, str], bool]]:
    """What a tick of the sensor `mail_health` writes: the figures, and which checks pass."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in site.environment.items():
            patch.setenv(name, value)
        sensor = defs.resolve_sensor_def("mail_health")
        result = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
    figures, *checks = result.asset_events
    assert isinstance(figures, dg.AssetMaterialization)
    passed = {
        (item.asset_key.to_user_string(), item.check_name): item.passed
        for item in checks
        if isinstance(item, dg.AssetCheckEvaluation)
    }
    return numbers(figures.metadata), passed


def test_a_run_plots_what_it_found_sent_and_took(site: Site, instance: dg.DagsterInstance) -> None:
    run_aging(site)

    found = plotted(instance, AGING)

    assert (found["open_logsheets"], found["aging_logsheets"]) == (3, 1)
    assert (found["sent"], found["failed"], found["unknown"], found["lease_contended"]) == (
        2,
        0,
        0,
        0,
    )
    assert found["seconds"] > 0
    assert 50 < found["peak_memory_mib"] < 1000


def test_a_second_run_plots_the_same_items_as_the_one_that_decided(
    site: Site, instance: dg.DagsterInstance
) -> None:
    run_aging(site)
    run_aging(site)

    found = plotted(instance, AGING)

    assert (found["aging_logsheets"], found["sent"]) == (1, 0)


def test_a_run_that_finds_the_lease_held_is_plotted_as_contention(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with site.database.connect("test") as connection:
        connection.execute(
            "INSERT INTO cronjob_locks (job_name, locked_by, locked_at, expires_at)"
            " VALUES (%s, 'web-7f9c-1', now(), now() + interval '15 minutes')",
            [AGING],
        )
    run_aging(site)

    (record,) = instance.fetch_observations(dg.AssetKey(AGING), limit=1).records
    assert record.asset_observation
    assert numbers(record.asset_observation.metadata) == {"lease_contended": 1}
    assert "web-7f9c-1" in str(record.asset_observation.metadata["held by"].value)


def test_one_page_tells_how_the_clubs_mail_stands(site: Site, instance: dg.DagsterInstance) -> None:
    run_aging(site)

    figures, passed = tick(site, instance)

    assert (figures["sent"], figures["sent_this_month"], figures["waiting"]) == (2, 2, 0)
    assert figures["longest_held"] > 0
    assert len(passed) == len(THRESHOLDS) + len(NOTIFICATIONS)
    assert all(passed.values())


def test_what_is_not_out_or_in_doubt_fails_its_check(
    site: Site, instance: dg.DagsterInstance
) -> None:
    run_aging(site, EMAIL_PORT="9")
    with site.database.connect("test") as connection:
        for state in ("sending", "unknown"):
            connection.execute(
                "UPDATE m2s_orchestration.delivery SET state = %s, owner = 'gone' WHERE id = 1",
                [state],
            )

    figures, passed = tick(site, instance)

    assert (figures["unknown"], figures["waiting"]) == (1, 1)
    failed = [name for name, is_passed in passed.items() if not is_passed]
    assert failed == [(ASSET, "nothing_unknown"), (AGING, "everybody_told")]


def test_a_check_can_be_asked_in_the_ui(site: Site, instance: dg.DagsterInstance) -> None:
    run_aging(site, EMAIL_PORT="9")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in site.environment.items():
            patch.setenv(name, value)
        key = dg.AssetCheckKey(dg.AssetKey(AGING), "everybody_told")
        checks = [
            item for item in defs.asset_checks or () if isinstance(item, dg.AssetChecksDefinition)
        ]
        chosen = dg.AssetSelection.checks(key)
        result = dg.materialize(
            [*checks, *(item for item in defs.assets or () if isinstance(item, dg.AssetSpec))],
            selection=chosen,
            instance=instance,
        )

    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.metadata["count"].value == 2
