"""Dagster's UI over a long past: what a person waits for, in a real browser.

The demo lives its day; then its runs, with their tags and events, are repeated for as many days of
the past as it takes, in Dagster's own storage, and the figures of the club's mail for each half
hour. Each page is opened in Debian's Chromium by itself;
its seconds end when what it is opened for can be seen. The baseline is the same page after a month,
and the bar is half as quick after years; what is there within a second is soon enough.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from playwright.sync_api import Browser

from benchmarks.findings import Findings, Plot, Row
from benchmarks.fit import on_growth
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
A_RUN_IN_A_LIST = "a[href*='/runs/']"


@dataclass(frozen=True)
class Visit:
    """A page, what is clicked there, and the selector of what it is opened for."""

    path: str
    shows: str
    clicks: tuple[str, ...] = ()


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
    growth = on_growth("runs", [one.runs for one in seen], [one.seconds for one in seen])
    return Findings(rows=tuple(_rows(seen)), plots=(_plot(seen),), remarks=(growth,))


def _seen(demo: Demo, browser: Browser, days: tuple[int, ...], times: int) -> Iterator[Seen]:
    conninfo = demo.environment()["DAGSTER_PG_URL"]
    with psycopg.connect(conninfo, autocommit=True) as storage:
        SQL["remember"].run(storage)
        visits = _visits(SQL["newest"].run(storage, job=JOB)[0][0])
        before = 0
        for number in days:
            _repeat(storage, before + 1, number)
            before = number
            runs, events = SQL["number"].run(storage)[0]
            seconds = {
                name: min(_seconds(browser, demo, visit) for _ in range(times))
                for name, visit in visits.items()
            }
            yield Seen(number, runs, events, seconds)


def _repeat(storage: psycopg.Connection, first: int, last: int) -> None:
    """Fill these days of the past, counted backwards from today."""
    SQL["choose"].run(storage, first=last, last=first)
    for name in ("index_choice", "runs", "tags", "events", "figures", "forget_choice"):
        values = {"first": last, "last": first} if name == "figures" else {}
        SQL[name].run(storage, **values)
    storage.execute("VACUUM ANALYZE")


def _visits(run_id: str) -> dict[str, Visit]:
    job = f"locations/m2s_orchestration/jobs/{JOB}"
    figure, plot = "text='aging_logsheets'", "canvas"
    return {
        "the list of runs": Visit("runs", A_RUN_IN_A_LIST),
        "a run": Visit(f"runs/{run_id}", "text=RUN_SUCCESS"),
        "a job": Visit(job, "text=Read the club's database"),
        "a job's runs": Visit(f"{job}/runs", A_RUN_IN_A_LIST),
        "a job's partitions": Visit(f"{job}/partitions", "text=Missing partitions"),
        "a notification's figures": Visit(f"assets/{JOB}", figure),
        "a notification's plots": Visit(f"assets/{JOB}", plot, clicks=("Plots", "Events")),
        "the club's mail": Visit("assets/club_mail", plot, clicks=("Plots",)),
    }


def _seconds(browser: Browser, demo: Demo, visit: Visit) -> float:
    """In a tab of its own; the UI's programs are there, as they are from the second visit on."""
    context = browser.contexts[0] if browser.contexts else browser.new_context()
    page = context.new_page()
    try:
        began = time.perf_counter()
        page.goto(f"{demo.ui}{visit.path}")
        for name in visit.clicks:
            page.get_by_role("button", name=name).click()
        page.locator(visit.shows).first.wait_for()
        return time.perf_counter() - began
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
