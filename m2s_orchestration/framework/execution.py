"""Runs a notification's job in this process, on the instance that DAGSTER_HOME configures."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.framework import tags
from m2s_orchestration.framework.job import build_job
from m2s_orchestration.framework.notification import Notification, declared_in
from m2s_orchestration.framework.report import Report
from m2s_orchestration.postgres import first_line
from m2s_orchestration.settings import dagster_home

STOPPED = (
    "The run was told to stop. The mail in hand was finished and no other begun; `m2s deliveries"
    " list` says how each stands, and another run sends the rest."
)

STOPPED_AT_THE_END = (
    "The run was told to stop when its steps were over: all that they did is recorded. `m2s"
    " deliveries list` says how each mail stands."
)


@dataclass(frozen=True)
class Result:
    """What a run came to: its figures by name; what went wrong, or why it only rehearsed."""

    figures: Mapping[str, object]
    outcome: str
    fault: str
    rehearsal: str


def execute(notification: Notification, values: Mapping[str, object]) -> Result:
    """Execute the job with this flat config; its log is in the instance, not on the console."""
    started = time.monotonic()
    job = dg.build_reconstructable_job(__name__, "job_of", (notification.package,))
    with (
        open_instance() as instance,
        dg.execute_job(
            job, instance=instance, run_config=dict(values), raise_on_error=False
        ) as result,
    ):
        finished = instance.get_run_by_id(result.run_id)
        told = finished.tags if finished else {}
        outcome = told.get(tags.OUTCOME, "incomplete")
        if not result.success and outcome not in {"refused", "busy"}:
            # Whatever was told before the run went red.
            outcome = "incomplete"
        return Result(
            figures={
                "job": notification.name,
                "occurrence": told.get(tags.OCCURRENCE, ""),
                "outcome": outcome,
                **_figures(result.all_events),
                "run_id": result.run_id,
                "seconds": round(time.monotonic() - started, 3),
            },
            outcome=outcome,
            fault=fault_in(result.all_events) or ("" if result.success else STOPPED_AT_THE_END),
            rehearsal=_why_rehearsed(result.all_events),
        )


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """The configured instance; without DAGSTER_HOME one that ends with the command."""
    try:
        instance = dg.DagsterInstance.get() if dagster_home() else dg.DagsterInstance.ephemeral()
    except Exception as error:
        # Dagster and its storage have errors of many kinds, and all of them mean this.
        raise BadSettings(
            f"Dagster's instance cannot be opened ({first_line(error)}): check DAGSTER_HOME, which"
            f" is {dagster_home()!r}, the dagster.yaml in it, and DAGSTER_PG_URL."
        ) from error
    with instance:
        yield instance


def job_of(package: str) -> dg.JobDefinition:
    """The job of the notification that is declared in a package; Dagster makes it again by this."""
    return build_job(declared_in(package), log_level="CRITICAL")


def fault_in(events: Iterable[dg.DagsterEvent]) -> str:
    """What the first step that failed said of it; empty where none did."""
    for event in events:
        if event.is_step_failure:
            failure = event.step_failure_data
            told = failure.user_failure_data.description if failure.user_failure_data else None
            if failure.error and failure.error.cls_name == "DagsterExecutionInterruptedError":
                told = STOPPED
            return told or (failure.error.message.strip() if failure.error else "")
    return ""


def _why_rehearsed(events: Iterable[dg.DagsterEvent]) -> str:
    for event in events:
        if event.is_asset_observation:
            metadata = event.asset_observation_data.asset_observation.metadata
            if "rehearsal" in metadata:
                return str(metadata["rehearsal"].value)
    return ""


def _figures(events: Iterable[dg.DagsterEvent]) -> dict[str, int]:
    figures = dict.fromkeys(Report.counted(), 0)
    for event in events:
        metadata: Mapping[str, dg.MetadataValue] = {}
        if event.is_successful_output and event.step_key == "commit":
            # What was recorded, should the run not come to telling what was sent.
            metadata = event.step_output_data.metadata
        elif event.is_step_materialization:
            metadata = event.step_materialization_data.materialization.metadata
        elif event.is_asset_observation:
            metadata = event.asset_observation_data.asset_observation.metadata
        for name in figures.keys() & metadata.keys():
            figures[name] = int(str(metadata[name].value))
    return figures
