"""The tags by which a run's pod gets its memory, its processor, its time and its end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import RunFailureReason
from dagster._core.execution.retries import auto_reexecution_should_retry_run

from m2s_orchestration.framework.notification import Notification, Pod
from m2s_orchestration.framework.pod import run_tags
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.notifications.notify_aging_logsheets import notification as aging


def kubernetes(notification: Notification) -> Any:
    return json.loads(run_tags(notification)["dagster-k8s/config"])


def retried(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether Dagster's daemon would start it again."""
    return bool(auto_reexecution_should_retry_run(instance, run, RunFailureReason.RUN_EXCEPTION))


def test_the_pod_gets_what_is_declared_as_requests_and_as_limits() -> None:
    declared = replace(aging, pod=Pod(memory=("200Mi", "1Gi"), cpu=("250m", "2")))

    assert kubernetes(declared)["container_config"]["resources"] == {
        "requests": {"memory": "200Mi", "cpu": "250m"},
        "limits": {"memory": "1Gi", "cpu": "2"},
    }


def test_dagster_ends_it_at_its_deadline_and_kubernetes_a_little_later() -> None:
    declared = replace(aging, deadline=timedelta(minutes=7))

    assert run_tags(declared)["dagster/max_runtime"] == "420"
    assert kubernetes(declared)["job_spec_config"]["active_deadline_seconds"] == 720


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda item: item.name)
def test_kubernetes_starts_it_once(notification: Notification) -> None:
    told = kubernetes(notification)

    assert told["job_spec_config"]["backoff_limit"] == 0
    assert told["pod_spec_config"]["restart_policy"] == "Never"


def test_dagster_starts_it_once_also_where_runs_are_retried() -> None:
    retrying = {"run_retries": {"enabled": True, "max_retries": 3}}
    with dg.instance_for_test(overrides=retrying) as instance:
        failed = dg.DagsterRun(job_name=aging.name, status=dg.DagsterRunStatus.FAILURE)
        other = instance.add_run(failed)
        ours = instance.add_run(
            dg.DagsterRun(job_name=aging.name, status=failed.status, tags=run_tags(aging))
        )

        assert retried(instance, other)
        assert not retried(instance, ours)
