"""What Kubernetes and Dagster are told about the runs of a notification, as tags of its job.

They are plain words: this module knows nothing of Kubernetes' own libraries, because a run's pod
imports it, and with them that pod would need half as much memory again.
"""

from __future__ import annotations

import json
from datetime import timedelta

from m2s_orchestration.framework import tags
from m2s_orchestration.framework.notification import Notification

# The deadline counts from the run's first step. Kubernetes counts from the Job's birth, and comes
# after everybody else: Dagster's monitoring allows 180 s for the start, looks every 30 s and gives
# a run that it cancels 60 s.
BEFORE_AND_AFTER = timedelta(minutes=5)
# A message in hand is finished, and its answer recorded, when the pod is told to end.
GRACE = timedelta(seconds=60)


def run_tags(notification: Notification) -> dict[str, str]:
    """The tags of every run of the job: what it is, how long it may take, what its pod gets."""
    return {
        tags.NOTIFICATION: notification.name,
        "dagster/max_runtime": _seconds(notification.deadline),
        # The sensor missed_occurrences makes up for a failed run, from the ledger. Neither Dagster
        # nor Kubernetes (backoff_limit) tries again beside it.
        "dagster/max_retries": "0",
        "dagster-k8s/config": json.dumps(_kubernetes(notification)),
    }


def _kubernetes(notification: Notification) -> dict[str, object]:
    memory, cpu = notification.pod.memory, notification.pod.cpu
    return {
        "container_config": {
            # Both always: one of them alone would be merged with the cluster's own other one.
            "resources": {
                "requests": {"memory": memory[0], "cpu": cpu[0]},
                "limits": {"memory": memory[1], "cpu": cpu[1]},
            }
        },
        "pod_spec_config": {
            "restart_policy": "Never",
            "termination_grace_period_seconds": int(GRACE.total_seconds()),
        },
        "job_spec_config": {
            "backoff_limit": 0,
            "active_deadline_seconds": int(_seconds(notification.deadline + BEFORE_AND_AFTER)),
        },
    }


def _seconds(duration: timedelta) -> str:
    # Digits only: Dagster takes "15m" for no limit at all.
    return str(int(duration.total_seconds()))
