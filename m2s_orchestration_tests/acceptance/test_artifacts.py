"""Whole runs that publish a file: into a folder, into a bucket, and to a store that is away."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from m2s_orchestration.mail.addresses import mask
from m2s_orchestration.uploads.store import MediaStore
from m2s_orchestration_tests.acceptance.conftest import Site
from m2s_orchestration_tests.s3_server import reached_at, s3_server

REPORT = "report_duty_delinquents"
MANAGERS = 3


@pytest.fixture
def instance(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in files, which the test's runs are remembered in."""
    home = site.folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    site.environment["DAGSTER_HOME"] = str(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def reported(site: Site, instance: dg.DagsterInstance, **environment: str) -> dict[str, object]:
    """Run the report; what its step `commit` shows."""
    process = site.run(
        *("m2s_orchestration.cli", "run", REPORT, "--json"),
        *("--as-of", "2026-03-01T07:00:00Z", "--send-late"),
        **environment,
    )
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["sent"] == MANAGERS
    return shown_by("commit", instance)


def shown_by(step: str, instance: dg.DagsterInstance) -> dict[str, object]:
    """What a step of the run shows."""
    (run,) = instance.get_runs()
    for record in instance.all_logs(run.run_id):
        event = record.dagster_event
        if event and event.is_successful_output and event.step_key == step:
            metadata = event.step_output_data.metadata
            return {name: value.value for name, value in metadata.items()}
    raise AssertionError(f"the step {step} told nothing")


def test_the_report_is_published_in_the_clubs_folder(
    site: Site, instance: dg.DagsterInstance
) -> None:
    shown = reported(site, instance, MEDIA_ROOT=str(site.folder / "media"))

    path = Path(str(shown["duty-delinquents-2026-03.csv"]))
    assert path.parent == site.folder / "media" / "exports" / REPORT
    assert len(path.read_text().splitlines()) == 20
    assert len(site.recipients()) == MANAGERS


def test_the_report_is_published_in_the_clubs_bucket(
    site: Site, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with s3_server() as server:
        shown = reported(site, instance, MEDIA_STORE=server.place, **server.environment)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        path = str(shown["duty-delinquents-2026-03.csv"]).removeprefix(f"{server.place}/")
        content = MediaStore(server.place).read(path, largest=100_000)

    assert content
    assert len(content.decode().splitlines()) == 20


def test_a_store_that_is_away_loses_no_mail_and_the_run_says_what_is_missing(
    site: Site, instance: dg.DagsterInstance
) -> None:
    away = reached_at("http://127.0.0.1:9")
    shown = reported(site, instance, MEDIA_STORE="s3://club-media", **away)

    assert len(site.recipients()) == MANAGERS
    told = str(shown["not published"])
    assert "duty-delinquents-2026-03.csv" in told
    assert "could not be written" in told
    shown = shown_by("email", instance)
    assert "mails-2026-03-01-0700.html" in str(shown["not published"])
    assert str(shown["deliveries"]).count("| sent |") == MANAGERS
    (run,) = instance.get_runs()
    assert any(
        "duty-delinquents-2026-03.csv was not published" in record.message
        for record in instance.all_logs(run.run_id)
    )


def test_the_mails_of_a_run_are_a_page_on_which_addresses_are_masked(
    site: Site, instance: dg.DagsterInstance
) -> None:
    reported(site, instance, MEDIA_ROOT=str(site.folder / "media"))

    place = shown_by("email", instance)["mails-2026-03-01-0700.html"]
    page = Path(str(place)).read_text()
    assert page.count("<details") == page.count("<iframe sandbox srcdoc=") == MANAGERS
    assert "Duty report for March: 19 members without duty" in page
    for address in site.recipients():
        assert mask(address) in page
        assert address not in page


def test_a_rehearsal_publishes_nothing(site: Site) -> None:
    process = site.run(
        *("m2s_orchestration.cli", "run", REPORT, "--dry-run", "--as-of", "2026-03-01T07:00Z"),
        MEDIA_ROOT=str(site.folder / "media"),
    )

    assert process.returncode == 0, process.stderr
    assert not (site.folder / "media").exists()


def test_a_preview_is_published_for_whoever_gets_its_address(site: Site) -> None:
    process = site.run(
        *("m2s_orchestration.cli", "preview", REPORT, "--as-of", "2026-03-01T07:00Z", "--publish"),
        MEDIA_ROOT=str(site.folder / "media"),
    )

    assert process.returncode == 0, process.stderr
    index = Path(process.stdout.splitlines()[-1].removeprefix("Published: "))
    assert index.parents[2] == site.folder / "media" / "exports"
    assert "Duty report for March" in index.read_text()
    assert len(list(index.parent.glob("mail-*/index.html"))) == MANAGERS
    assert site.recipients() == []


def test_what_publishes_nothing_imports_neither_stores_nor_pictures() -> None:
    """They would be in the memory of every run's pod."""
    program = (
        "import sys; import m2s_orchestration.definitions;"
        " print({'obstore', 'PIL', 'resvg_py', 'moto', 'boto3'} & sys.modules.keys())"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.strip() == "set()"
