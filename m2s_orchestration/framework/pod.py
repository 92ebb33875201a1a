"""What Kubernetes and Dagster are told about the runs of a job, as its tags.

They are plain words: this module knows nothing of Kubernetes' own libraries, because a run's pod
imports it, and with them that pod would need half as much memory again.
"""

from __future__ import annotations

import json
from datetime import timedelta

from m2s_orchestration.framework import tags
from m2s_orchestration.framework.notification import Notification, Pod

# The deadline counts from the run's first step. Kubernetes counts from the Job's birth, and comes
# after everybody else: Dagster's monitoring allows 180 s for the start, looks every 30 s and gives
# a run that it cancels 60 s.
BEFORE_AND_AFTER = timedelta(minutes=5)
# A message in hand is finished, and its answer recorded, when the pod is told to end.
GRACE = timedelta(seconds=60)


def run_tags(notification: Notification) -> dict[str, str]:
    """The tags of every run of a notification's job."""
    return tags_of(notification.name, deadline=notification.deadline, pod=notification.pod)


def tags_of(name: str, *, deadline: timedelta, pod: Pod, account: str = "") -> dict[str, str]:
    """The tags of a run: what it is, how long it may take, what its pod gets.

    `account` is the service account by which it may call Kubernetes; without it, it may not.
    """
    return {
        tags.NOTIFICATION: name,
        # Digits only: Dagster takes "15m" for no limit at all.
        "dagster/max_runtime": str(_seconds(deadline)),
        # The sensor missed_occurrences makes up for a failed run, from the ledger. Neither Dagster
        # nor Kubernetes (backoff_limit) tries again beside it.
        "dagster/max_retries": "0",
        "dagster-k8s/config": json.dumps(
            {
                "container_config": {"resources": _resources(pod)},
                "pod_spec_config": _pod_spec(account),
                "job_spec_config": {
                    "backoff_limit": 0,
                    "active_deadline_seconds": _seconds(deadline + BEFORE_AND_AFTER),
                },
            }
        ),
    }


def _resources(pod: Pod) -> dict[str, dict[str, str]]:
    """Both always: one of them alone would be merged with the cluster's own other one."""
    return {
        "requests": {"memory": pod.memory[0], "cpu": pod.cpu[0]},
        "limits": {"memory": pod.memory[1], "cpu": pod.cpu[1]},
    }


def _pod_spec(account: str) -> dict[str, object]:
    spec: dict[str, object] = {
        "restart_policy": "Never",
        "termination_grace_period_seconds": _seconds(GRACE),
    }
    if account:
        spec |= {"service_account_name": account, "automount_service_account_token": True}
    return spec


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
