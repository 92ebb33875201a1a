"""Whether two Dagster configurations come to the same: what Dagster itself reads out of them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.run_coordinator import QueuedRunCoordinator

Settings = dict[str, object]

# Where runs are kept and how they are launched is what differs between a cluster and elsewhere.
PLACES = {
    "storage",
    "run_storage",
    "event_log_storage",
    "schedule_storage",
    "run_launcher",
    "compute_logs",
}


def settings(config: Mapping[str, Any]) -> Settings:
    """What an instance with this dagster.yaml does with the queue, with dead runs and old ticks."""
    elsewhere = {key: value for key, value in config.items() if key not in PLACES}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dagster.yaml").write_text(yaml.safe_dump(elsewhere), encoding="utf-8")
        with dg.DagsterInstance.from_config(folder) as instance:
            return _of_instance(instance)


def differences(one: Settings, other: Settings) -> list[str]:
    """The settings in which two instances differ, with both."""
    return [f"{name}: {one[name]} and {other[name]}" for name in one if one[name] != other[name]]


def _of_instance(instance: dg.DagsterInstance) -> Settings:
    queue = instance.run_coordinator
    if not isinstance(queue, QueuedRunCoordinator):
        raise TypeError(f"Runs are not queued but given to {type(queue).__name__}.")
    limits = instance.get_concurrency_config()
    return {
        "queue": (queue.dequeue_interval_seconds, queue.dequeue_use_threads),
        "limits of runs": limits.run_queue_config,
        "limits of pools": limits.pool_config,
        "monitoring": (
            instance.run_monitoring_enabled,
            instance.run_monitoring_poll_interval_seconds,
            instance.run_monitoring_start_timeout_seconds,
            instance.run_monitoring_cancel_timeout_seconds,
            instance.run_monitoring_max_runtime_seconds,
            instance.run_monitoring_max_resume_run_attempts,
            instance.get_settings("run_monitoring").get("free_slots_after_run_end_seconds"),
        ),
        "retries": (instance.run_retries_enabled, instance.run_retries_max_retries),
        "ticks of schedules": instance.get_tick_retention_settings(InstigatorType.SCHEDULE),
        "ticks of sensors": instance.get_tick_retention_settings(InstigatorType.SENSOR),
        "threads": (instance.get_settings("schedules"), instance.get_settings("sensors")),
        "telemetry": instance.telemetry_enabled,
        "nux": instance.nux_enabled,
    }
