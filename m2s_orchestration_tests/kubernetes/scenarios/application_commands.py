"""Commands of the web application: a run's pod starts a pod of another image and watches it."""

from __future__ import annotations

import json

from m2s_orchestration.application.commands import close_billing_periods
from m2s_orchestration.application.definition import ACCOUNT, build_job
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster.rights import (
    granted_in_values,
    refused,
    used,
)
from m2s_orchestration_tests.kubernetes.cluster.store import Object
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    LOOKS_EVERY,
    PATIENCE,
    Deployment,
    merged,
)
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row

CLOSE = close_billing_periods.command
# Stands for the web application's manage.py, with its lock.
MANAGE = ("python", "-m", "m2s_orchestration_tests.integration.application.manage")
NOT_WRITTEN_DOWN = "none was missing; which were used, this API server does not write down"
IMAGE = "registry.example.org/club/web:42"


def commands_in_pods(deployment: Deployment) -> list[Row]:
    """One that succeeds, one that fails, and one that is told to stop from the UI."""
    rights = granted_in_values(ACCOUNT)
    deployment.cluster.let(ACCOUNT, deployment.namespace, rights)
    rows = [_succeeds(deployment), _fails(deployment), _is_terminated(deployment)]
    return [*rows, _rights(deployment)]


def _succeeds(deployment: Deployment) -> Row:
    verdict = Verdict("application command", "a pod of the application's image, which succeeds")
    run_id = _launch(deployment, "hello")
    verdict.see("run", deployment.await_end(run_id), "SUCCESS")
    verdict.see("outcome", deployment.outcome(run_id), "done")
    job = deployment.cluster.jobs(deployment.namespace)[_job_of(run_id)]
    verdict.see("its Job", _end(job), "Complete")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    verdict.see("image", container["image"] == IMAGE and "the application's", "the application's")
    (memory, _), (_, cpu) = CLOSE.pod.memory, CLOSE.pod.cpu
    given = container["resources"]
    verdict.see("memory", given["requests"]["memory"], memory)
    verdict.see("processor", given["limits"]["cpu"], cpu)
    _see_locks(deployment, verdict)
    return verdict.row


def _fails(deployment: Deployment) -> Row:
    verdict = Verdict("application command", "a pod of the application's image, which fails")
    run_id = _launch(deployment, "fail")
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    verdict.see("outcome", deployment.outcome(run_id), "incomplete")
    job = deployment.cluster.jobs(deployment.namespace)[_job_of(run_id)]
    verdict.see("its Job", _end(job), "BackoffLimitExceeded")
    _see_lock_left(deployment, verdict)
    return verdict.row


def _is_terminated(deployment: Deployment) -> Row:
    verdict = Verdict("application command", "terminated from the UI while its pod is at work")
    run_id = _launch(deployment, "wait")
    eventually(
        lambda: deployment.club.holder(CLOSE.name) is not None, within=PATIENCE, every=LOOKS_EVERY
    )
    deployment.ui.terminate(run_id)
    verdict.see("run", deployment.await_end(run_id), "CANCELED")
    eventually(
        lambda: _job_of(run_id) not in deployment.cluster.jobs(deployment.namespace),
        within=PATIENCE,
        every=LOOKS_EVERY,
    )
    verdict.seen.append("its Job gone")
    eventually(
        lambda: not deployment.cluster.pods(deployment.namespace, _job_of(run_id)),
        within=PATIENCE,
        every=LOOKS_EVERY,
    )
    verdict.seen.append("its pod ended")
    _see_lock_left(deployment, verdict)
    return verdict.row


def _rights(deployment: Deployment) -> Row:
    verdict = Verdict("service account", f"no more rights than {ACCOUNT} needs")
    calls = deployment.cluster.calls(deployment.namespace, ACCOUNT)
    if calls is None:
        verdict.seen.append(NOT_WRITTEN_DOWN)
        return verdict.row
    verdict.see("refused", len(refused(calls)), 0)
    unused = sorted(map(str, granted_in_values(ACCOUNT) - used(calls)))
    verdict.see("granted and not used:", ", ".join(unused) or "none", "none")
    return verdict.row


def _launch(deployment: Deployment, behaviour: str) -> str:
    """A run of the command whose pod does this."""
    kubeconfig = deployment.cluster.kubeconfig_of(ACCOUNT, deployment.namespace)
    told = {"CLUB": deployment.club.database.conninfo, "BEHAVIOUR": behaviour}
    application = {"containers": [{"env": _env(told)}]}
    ours = {
        "APPLICATION_IMAGE": IMAGE,
        "APPLICATION_COMMAND": " ".join(MANAGE),
        "APPLICATION_POD": json.dumps(application),
        "KUBECONFIG": str(kubeconfig),
    }
    tag = merged(_declared(), {"container_config": {"env": _env(ours)}})
    tags = {"dagster-k8s/config": json.dumps(tag)}
    return deployment.ui.launch(CLOSE.name, {}, tags)


def _env(values: dict[str, str]) -> list[Object]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _declared() -> Object:
    declared: Object = json.loads(build_job(CLOSE).run_tags["dagster-k8s/config"])
    return declared


def _job_of(run_id: str) -> str:
    return f"{CLOSE.name.replace('_', '-')}-{run_id[:8]}"


def _end(job: Object) -> str:
    (condition,) = job["status"]["conditions"]
    return str(condition["reason"] if condition["type"] == "Failed" else condition["type"])


def _see_locks(deployment: Deployment, verdict: Verdict) -> None:
    for name in (CLOSE.name, CLOSE.lease_name):
        verdict.see(f"lock {name}", deployment.club.holder(name) or "free", "free")


def _see_lock_left(deployment: Deployment, verdict: Verdict) -> None:
    """What dies in the middle of its work leaves its lock behind, as in a CronJob; ours is back."""
    left = (deployment.club.holder(CLOSE.name) or "").startswith(CLOSE.name.replace("_", "-"))
    verdict.see("its own lock", left and "left by its pod", "left by its pod")
    verdict.see("our lease", deployment.club.holder(CLOSE.lease_name) or "free", "free")
    deployment.club.do("DELETE FROM cronjob_locks WHERE job_name = %s", CLOSE.name)
