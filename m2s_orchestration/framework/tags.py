"""The tags by which runs are found again, ours and those of Dagster's that we read."""

from __future__ import annotations

NOTIFICATION = "m2s/notification"
OCCURRENCE = "m2s/occurrence"
OUTCOME = "m2s/outcome"

PARTITION = "dagster/partition"
PARTITION_SET = "dagster/partition_set"
REPOSITORY = ".dagster/repository"
# Whoever started a run with one of these is not at hand to start it again.
UNATTENDED = (
    "dagster/schedule_name",
    "dagster/sensor_name",
    "dagster/retry_number",
    "dagster/backfill",
)
