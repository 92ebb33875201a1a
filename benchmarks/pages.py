"""Dagster's UI over a long past: what a person waits for, in a real browser.

The demo lives its day; then its runs, with their tags and events, are repeated for as many days of
the past as it takes, in Dagster's own storage. Each page is opened in Debian's Chromium by itself
until nothing more is asked for; its seconds end with the last answer. The baseline is the same page
after a month, and the bar is half as quick after years; what is there within a second is soon
enough.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from playwright.sync_api import Browser

from benchmarks.findings import Findings, Plot, Row
from benchmarks.fit import exponent
from benchmarks.laboratory import Laboratory
from m2s_orchestration.postgres import statements
from m2s_orchestration_tests.browser.chromium import open_browser
from m2s_orchestration_tests.browser.demo import Demo, running

NAME = "pages"
TITLE = "The pages of the UI"

SQL = statements(__package__, "pages.sql")
JOB = "notify_aging_logsheets"
DAYS = (30, 365)
MORE_DAYS = 3650
FEW_DAYS = (1, 2)
TIMES = 3
BAR = 0.5
SOON = 1.0  # seconds
LAST_ANSWER = """
Math.max(...performance.getEntries().map(entry => entry.responseEnd || 0)) / 1000
"""


@dataclass(frozen=True)
class Seen:
    """The seconds of each page, at one size of the past."""

    days: int
    runs: int
    events: int
    seconds: dict[str, float]

    @property
    def at(self) -> str:
        """In words."""
        return f"{self.days:,} days, {self.runs:,} runs, {self.events:,} events"


def measure(laboratory: Laboratory) -> Findings:
    """Every page at every size."""
    more = (MORE_DAYS,) if laboratory.is_large else ()
    days, times = (FEW_DAYS, 1) if laboratory.is_small else ((*DAYS, *more), TIMES)
    with (
        running(laboratory.folder / "demo") as demo,
        open_browser(watched=bool(os.environ.get("M2S_WATCH"))) as browser,
    ):
        seen = list(_seen(demo, browser, days, times))
    return Findings(rows=tuple(_rows(seen)), plots=(_plot(seen),), remarks=(_on_growth(seen),))


def _seen(demo: Demo, browser: Browser, days: tuple[int, ...], times: int) -> Iterator[Seen]:
    conninfo = demo.environment()["DAGSTER_PG_URL"]
    with psycopg.connect(conninfo, autocommit=True) as storage:
        SQL["remember"].run(storage)
        pages = _pages(SQL["newest"].run(storage, job=JOB)[0][0])
        before = 0
        for number in days:
            _repeat(storage, before + 1, number)
            before = number
            runs, events = SQL["number"].run(storage)[0]
            seconds = {
                name: min(_seconds(browser, f"{demo.ui}{path}") for _ in range(times))
                for name, path in pages.items()
            }
            yield Seen(number, runs, events, seconds)


def _repeat(storage: psycopg.Connection, first: int, last: int) -> None:
    """Fill these days of the past, counted backwards from today."""
    SQL["choose"].run(storage, first=last, last=first)
    for name in ("index_choice", "runs", "tags", "events", "forget_choice"):
        SQL[name].run(storage)
    storage.execute("VACUUM ANALYZE")


def _pages(run_id: str) -> dict[str, str]:
    job = f"locations/m2s_orchestration/jobs/{JOB}"
    return {
        "the time line": "overview/activity/timeline",
        "the list of runs": "runs",
        "a run": f"runs/{run_id}",
        "a job": job,
        "a job's runs": f"{job}/runs",
        "a job's partitions": f"{job}/partitions",
        "a schedule": f"locations/m2s_orchestration/schedules/{JOB}_schedule",
        "a notification's figures": f"assets/{JOB}",
        "a notification's plots": f"assets/{JOB}?view=plots",
        "the club's mail": "assets/club_mail?view=plots",
    }


def _seconds(browser: Browser, url: str) -> float:
    """Until the last answer, by a browser that has the UI's programs but nothing of this page."""
    page = browser.contexts[0].new_page() if browser.contexts else browser.new_context().new_page()
    try:
        page.goto(url, wait_until="networkidle")
        seconds: float = page.evaluate(LAST_ANSWER)
        return seconds
    finally:
        page.close()


def _rows(seen: list[Seen]) -> Iterator[Row]:
    first, last = seen[0], seen[-1]
    for one in seen[1:]:
        for name, seconds in one.seconds.items():
            bar = BAR if one is last and seconds > SOON else None
            before = first.seconds[name]
            yield Row(name, one.at, seconds, "s", f"{first.days:,} days", before, bar=bar)


def _plot(seen: list[Seen]) -> Plot:
    return Plot(
        "pages",
        "What a person waits for",
        "runs in Dagster's storage",
        "seconds",
        tuple(f"{one.runs:,}" for one in seen),
        {name: tuple(one.seconds[name] for one in seen) for name in seen[0].seconds},
    )


def _on_growth(seen: list[Seen]) -> str:
    runs = [one.runs for one in seen]
    powers = {
        name: exponent(runs, [one.seconds[name] for one in seen]) or 0.0 for name in seen[0].seconds
    }
    told = ", ".join(f"{name} {power:.2f}" for name, power in powers.items())
    return f"The power of the runs with which the time grows: {told}."
