"""The run's pod on Kubernetes: memory, processor and time of the CronJob it replaces."""

from __future__ import annotations

import json

from m2s_orchestration.framework import tags
from m2s_orchestration.framework.notification import Notification


def run_tags(notification: Notification) -> dict[str, str]:
    """The tags of every run of the job: what it is, how long it may take, what its pod gets."""
    memory, cpu = notification.pod.memory, notification.pod.cpu
    resources = {
        "requests": {"memory": memory[0], "cpu": cpu[0]},
        "limits": {"memory": memory[1], "cpu": cpu[1]},
    }
    return {
        tags.NOTIFICATION: notification.name,
        "dagster/max_runtime": str(int(notification.deadline.total_seconds())),
        "dagster-k8s/config": json.dumps({"container_config": {"resources": resources}}),
    }
