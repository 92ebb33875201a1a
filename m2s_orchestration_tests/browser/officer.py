"""What an officer of the club does in Dagster's UI, in the words of its pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from m2s_orchestration_tests.browser.demo import OFTEN, Demo
from m2s_orchestration_tests.eventually import eventually

LOCATION = "locations/m2s_orchestration"
ENDS = {"SUCCESS", "FAILURE", "CANCELED"}
A_RUN_TAKES = 90.0  # seconds at most, with the queue before it


@dataclass(frozen=True)
class Officer:
    """Somebody in front of the demo's UI."""

    demo: Demo
    page: Page
    pictures: Path

    def picture(self, name: str) -> None:
        """Keep what is seen now."""
        self.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    def open(self, path: str) -> None:
        """A page of the UI."""
        self.page.goto(f"{self.demo.ui}{path}")

    def open_job(self, job: str, tab: str = "") -> None:
        """A job's page, or one of its tabs."""
        self.open(f"{LOCATION}/jobs/{job}{tab}")

    def switch(self, schedule: str) -> None:
        """Use the switch on a schedule's page."""
        self.open(f"{LOCATION}/schedules/{schedule}")
        self.page.locator("label:has(input[type=checkbox])").first.click()

    def is_on(self, schedule: str) -> bool:
        """Whether Dagster has a schedule as switched on."""
        found = self.demo.asked(
            f"{{scheduleOrError(scheduleSelector: {_selector('schedule', schedule)})"
            " {... on Schedule {scheduleState {status}}}}"
        )
        return bool(found["scheduleOrError"]["scheduleState"]["status"] == "RUNNING")

    def idle_ticks(self, sensor: str) -> int:
        """How often a sensor has looked and found nothing to do."""
        found = self.demo.asked(
            f"{{sensorOrError(sensorSelector: {_selector('sensor', sensor)})"
            " {... on Sensor {sensorState {ticks(limit: 1000) {status}}}}}"
        )
        ticks = found["sensorOrError"]["sensorState"]["ticks"]
        return sum(tick["status"] == "SKIPPED" for tick in ticks)

    def is_at_work(self, job: str) -> bool:
        """Whether a run of a job is not over."""
        return any(run["status"] not in ENDS for run in self.runs(job))

    def launch(self, job: str, config: str, *, partition: str = "") -> str:
        """Launch a job from its Launchpad with this config; returns the run's id."""
        before = {run["runId"] for run in self.runs(job)}
        self.open_job(job, "/playground")
        editor = self.page.locator(".CodeMirror").first
        editor.click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(config)
        if partition:
            self.page.get_by_placeholder("Partition").fill(partition)
            self.page.keyboard.press("Enter")
        expect(self.page.get_by_text("No errors")).to_be_visible()
        self.picture(f"launchpad-{job}")
        self.page.get_by_role("button", name="Launch Run").click()
        return str(eventually(lambda: self._new(job, before), within=30.0, every=OFTEN))

    def open_plots(self, asset: str) -> None:
        """The plots on an asset's page."""
        self.open(f"assets/{asset}")
        self.page.get_by_role("button", name="Plots").click()

    def plot(self, figure: str) -> Locator:
        """What is drawn in the smallest part of the page that has a figure's name and a drawing."""
        name = self.page.get_by_text(figure, exact=True).last
        return name.locator("xpath=ancestor::*[.//canvas][1]//canvas")

    def backfill(self, job: str, first: str, last: str) -> None:
        """Launch a backfill of a range of partitions."""
        self.open_job(job, "/partitions")
        self.page.get_by_role("button", name="Launch backfill").click()
        dialog = self.page.get_by_role("dialog")
        chosen = dialog.get_by_placeholder("ex: 2026")
        chosen.fill(f"[{first}...{last}]")
        chosen.press("Tab")
        self.picture("backfill")
        dialog.get_by_role("button", name="Submit 3 runs").click()

    def runs(self, job: str) -> list[Any]:
        """A job's runs as Dagster has them, newest first."""
        found = self.demo.asked(
            f'{{runsOrError(filter: {{pipelineName: "{job}"}})'
            " {... on Runs {results {runId status tags {key value}}}}}"
        )
        return list(found["runsOrError"]["results"])

    def ended(self, job: str, run_id: str) -> str:
        """Wait for a run's end; returns its outcome."""
        tags = eventually(lambda: self._tags(job, run_id), within=A_RUN_TAKES, every=OFTEN)
        return tags.get("m2s/outcome", "")

    def open_step(self, run_id: str, step: str) -> None:
        """A run's page, with nothing but what one step shows."""
        self.open(f"runs/{run_id}?logs=step%3A{step}")
        shown = self.page.get_by_text("[Show Markdown]")
        expect(shown.first).to_be_visible()

    def read(self, title: str, *, picture: str = "") -> str:
        """Open a table or text that a step shows under a title; returns what it says."""
        row = self.page.locator("tr", has=self.page.get_by_text(title, exact=True)).last
        row.scroll_into_view_if_needed()
        row.get_by_text("[Show Markdown]").click()
        dialog = self.page.get_by_role("dialog")
        # It opens empty, and what it shows comes when the program that shows it is loaded.
        expect(dialog.locator("table, p, pre, li").first).to_be_visible()
        said = dialog.inner_text()
        self.picture(picture or title.replace(" ", "-"))
        self.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        return said

    def _new(self, job: str, before: set[str]) -> str | None:
        return next((run["runId"] for run in self.runs(job) if run["runId"] not in before), None)

    def _tags(self, job: str, run_id: str) -> Mapping[str, str] | None:
        for run in self.runs(job):
            if run["runId"] == run_id and run["status"] in ENDS:
                return {tag["key"]: tag["value"] for tag in run["tags"]} | {"": run["status"]}
        return None


def _selector(kind: str, name: str) -> str:
    """A schedule or a sensor as Dagster's queries name it."""
    return (
        f'{{{kind}Name: "{name}", repositoryName: "__repository__",'
        ' repositoryLocationName: "m2s_orchestration"}'
    )
