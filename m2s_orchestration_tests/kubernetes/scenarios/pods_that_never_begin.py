"""Runs whose pod never comes to its run: none is made, or it hangs before it is there."""

from __future__ import annotations

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster.store import Object
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    LONGER_THAN_A_START,
    LOOKS_EVERY,
    PATIENCE,
    Deployment,
    job_name,
    pod_tag,
)
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row

EXPIRY = "expire_ad_hoc_days"
AS_OF = "2026-03-01T03:00Z"
ACCOUNT = "an-account-that-is-not-there"
DEADLINE = 3600
HANGS = "echo no route to the club; exec sleep 3600"


def never_begun(deployment: Deployment) -> list[Row]:
    """Dagster gives the run up and tells why; the Job stays until its deadline clears it away."""
    no_account = {"pod_spec_config": {"service_account_name": ACCOUNT}}
    hanging = {
        "container_config": {"command": ["sh", "-c", HANGS]},
        "pod_spec_config": {"termination_grace_period_seconds": 1},
    }
    runs = [_launch(deployment, change) for change in (no_account, hanging)]
    eventually(lambda: deployment.pods(runs[1]), within=PATIENCE, every=LOOKS_EVERY)
    for run_id in runs:
        deployment.await_status(run_id, "STARTING")
        deployment.age(run_id, minutes=LONGER_THAN_A_START)
    no_pod = Verdict("run launcher", "no pod can be made: its account is missing")
    _look_at(deployment, no_pod, runs[0], pods=0, reason=ACCOUNT)
    hangs = Verdict("run worker", "the pod hangs before it comes to its run")
    reason = "no route to the club" if deployment.cluster.serves_logs else "Pod has been running"
    _look_at(deployment, hangs, runs[1], pods=1, reason=reason)
    return [no_pod.row, hangs.row]


def _launch(deployment: Deployment, change: Object) -> str:
    limited = {**change, "job_spec_config": {"active_deadline_seconds": DEADLINE}}
    return deployment.launch(EXPIRY, AS_OF, tags=pod_tag(EXPIRY, limited))


def _look_at(
    deployment: Deployment, verdict: Verdict, run_id: str, *, pods: int, reason: str
) -> None:
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    verdict.see("its reason", reason in deployment.failure(run_id) and "told", "told")
    verdict.see("pods left", len(deployment.pods(run_id)), pods)
    deployment.cluster.let_pass(DEADLINE, job_name(run_id), deployment.namespace)
    verdict.see("later Job", deployment.end_of_job(run_id), "DeadlineExceeded")
    eventually(lambda: not deployment.pods(run_id), within=PATIENCE, every=LOOKS_EVERY)
    verdict.see_mail(deployment, EXPIRY, AS_OF, "nothing", mails=0)
