"""Runs that go as they should, runs that cannot, and runs that get too little."""

from __future__ import annotations

from kubernetes.utils import parse_quantity

from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster.store import Object
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    LONGER_THAN_A_START,
    LOOKS_EVERY,
    PATIENCE,
    RUNS,
    SECRET,
    Deployment,
    declared_pod,
    job_name,
    pod_tag,
)
from m2s_orchestration_tests.kubernetes.scenarios.installation import IMAGE
from m2s_orchestration_tests.kubernetes.scenarios.programs import free_port
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row

DIGEST = "send_maintenance_digest"
AGING = "notify_aging_logsheets"
AGING_AS_OF = "2026-03-08T08:00Z"
EXPIRY = "expire_ad_hoc_days"
EXPIRY_AS_OF = "2026-03-01T03:00Z"
SET_BY_DAGSTER = ["DAGSTER_HOME", "DAGSTER_PG_PASSWORD", "DAGSTER_RUN_JOB_NAME"]
LACKING = "a-secret-that-is-not-there"


def pod_of_a_run(deployment: Deployment) -> list[Row]:
    """One run: its one Job, its pod as declared, its mail."""
    as_of = "2026-03-08T09:00Z"
    before = set(deployment.cluster.jobs(deployment.namespace))
    run_id = deployment.launch(DIGEST, as_of)
    verdict = Verdict("run worker", "a run that succeeds")
    verdict.see("run", deployment.await_end(run_id), "SUCCESS")
    verdict.see("outcome", deployment.outcome(run_id), "sent")
    verdict.see("Job", deployment.end_of_job(run_id), "Complete")
    verdict.see_mail(deployment, DIGEST, as_of, "7 sent", mails=7)
    shape = Verdict(
        "run launcher", "one Job for a run, with the pod that its notification declares"
    )
    new = {name for name in deployment.cluster.jobs(deployment.namespace) if run_id in name}
    shape.see("new Jobs", len(new - before), 1)
    _see_pod(deployment, shape, run_id)
    return [verdict.row, shape.row]


def _see_pod(deployment: Deployment, verdict: Verdict, run_id: str) -> None:
    job = deployment.cluster.jobs(deployment.namespace)[job_name(run_id)]
    pods = deployment.pods(run_id)
    verdict.see("pods", len(pods), 1)
    spec = pods[0]["spec"]
    (container,) = spec["containers"]
    declared = declared_pod(DIGEST)
    wanted = declared["container_config"]["resources"]
    verdict.see("memory and processor", container["resources"] == wanted and "declared", "declared")
    for name, value in declared.get("job_spec_config", {}).items():
        verdict.see(name, job["spec"].get(_in_camel_case(name)), value)
    verdict.see("backoffLimit", job["spec"]["backoffLimit"], 0)
    verdict.see("restartPolicy", spec["restartPolicy"], "Never")
    verdict.see("image", container["image"], IMAGE)
    verdict.see("account", spec["serviceAccountName"], RUNS)
    verdict.see("its token", spec["automountServiceAccountToken"] or "not mounted", "not mounted")
    verdict.see("envFrom", container["envFrom"], [{"secretRef": {"name": SECRET}}])
    named = {entry["name"]: entry.get("value") for entry in container["env"]}
    verdict.see("env", sorted(named), SET_BY_DAGSTER)
    labels = pods[0]["metadata"]["labels"]
    wanted_labels = {"dagster/job": DIGEST, "dagster/run-id": run_id}
    verdict.see("labels", wanted_labels.items() <= labels.items() and "name it", "name it")


def _in_camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def runs_that_cannot(deployment: Deployment) -> list[Row]:
    """A parameter without sense, and the club's database away: red, and nothing done."""
    nonsense = Verdict("run worker", "a parameter makes no sense")
    run_id = deployment.launch(AGING, "the day after tomorrow")
    _see_red(deployment, nonsense, run_id, "refused")
    away = Verdict("run worker", "the club's database is away")
    nowhere = f"postgresql://m2s@127.0.0.1:{free_port()}/club"
    change = {"container_config": {"env": [{"name": "DATABASE_URL", "value": nowhere}]}}
    run_id = deployment.launch(AGING, AGING_AS_OF, tags=pod_tag(AGING, change))
    _see_red(deployment, away, run_id, "incomplete")
    for verdict in (nonsense, away):
        verdict.see_mail(deployment, AGING, AGING_AS_OF, "nothing", mails=0)
    return [nonsense.row, away.row]


def _see_red(deployment: Deployment, verdict: Verdict, run_id: str, outcome: str) -> None:
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    verdict.see("outcome", deployment.outcome(run_id), outcome)
    verdict.see("Job", deployment.end_of_job(run_id), "BackoffLimitExceeded")


def missing_secret(deployment: Deployment) -> list[Row]:
    """A pod that cannot begin; then its secret comes, and a person retries."""
    verdict = Verdict("run worker", "a secret that the pod needs is missing")
    change = {"container_config": {"env_from": [{"secret_ref": {"name": LACKING}}]}}
    run_id = deployment.launch(EXPIRY, EXPIRY_AS_OF, tags=pod_tag(EXPIRY, change))
    pod = eventually(lambda: _waiting(deployment, run_id), within=PATIENCE, every=LOOKS_EVERY)
    verdict.see("pod", pod, "CreateContainerConfigError")
    deployment.age(run_id, minutes=LONGER_THAN_A_START)
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    verdict.see("pods left", len(deployment.pods(run_id)), 1)
    verdict.see_mail(deployment, EXPIRY, EXPIRY_AS_OF, "nothing", mails=0)
    later = Verdict("run worker", "the pod whose run is given up starts after all")
    deployment.cluster.put_secret(deployment.namespace, LACKING, {"NOTHING": "1"})
    later.see("Job", deployment.end_of_job(run_id), "Complete")
    later.see("run", deployment.status(run_id), "FAILURE")
    later.see_mail(deployment, EXPIRY, EXPIRY_AS_OF, "nothing", mails=0)
    again = Verdict("UI", "the run that could not begin is retried as a new run")
    new_id = deployment.ui.reexecute(run_id)
    again.see("run", deployment.await_end(new_id), "SUCCESS")
    again.see("outcome", deployment.outcome(new_id), "sent")
    again.see("Job", deployment.end_of_job(new_id), "Complete")
    again.see_mail(deployment, EXPIRY, EXPIRY_AS_OF, "3 sent", mails=3)
    return [verdict.row, later.row, again.row]


def _waiting(deployment: Deployment, run_id: str) -> str | None:
    states = [
        status["state"].get("waiting", {}).get("reason")
        for pod in deployment.pods(run_id)
        for status in pod["status"].get("containerStatuses", [])
    ]
    return states[0] if states else None


def out_of_memory(deployment: Deployment) -> list[Row]:
    """An entry in the club's database that is larger than the pod's memory; then it is gone."""
    as_of = "2026-03-01T09:00Z"
    verdict = Verdict("run worker", "more is read than the pod has memory for")
    limit = declared_pod(DIGEST)["container_config"]["resources"]["limits"]["memory"]
    _write_issue(deployment.club.database, letters=int(parse_quantity(limit)))
    run_id = deployment.launch(DIGEST, as_of)
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    (pod,) = deployment.pods(run_id)
    ended = _terminated(pod)
    verdict.see("pod", ended["reason"], "OOMKilled")
    verdict.see("exit status", ended["exitCode"], 137)
    verdict.see("Job", deployment.end_of_job(run_id), "BackoffLimitExceeded")
    told = deployment.club.told(DIGEST, as_of)
    verdict.see("ledger:", told.in_words or "nothing", "nothing")
    verdict.see("mails", told.mails, 0)
    deployment.club.do("DELETE FROM logsheet_maintenanceissue WHERE length(description) > 100000")
    return [verdict.row, _after_it(deployment, as_of)]


def _after_it(deployment: Deployment, as_of: str) -> Row:
    """The next run is told to wait until the dead one's lease is past."""
    verdict = Verdict("run worker", "the next run, once the entry is gone")
    new_id = deployment.launch(DIGEST, as_of, wait=90)
    verdict.see("run", deployment.await_end(new_id), "SUCCESS")
    verdict.see("outcome", deployment.outcome(new_id), "sent")
    verdict.see_mail(deployment, DIGEST, as_of, "7 sent", mails=7)
    return verdict.row


def _terminated(pod: Object) -> Object:
    ended: Object = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return ended


def _write_issue(database: Database, *, letters: int) -> None:
    with database.connect("laboratory") as connection:
        connection.execute(
            "INSERT INTO logsheet_maintenanceissue (report_date, description, grounded, resolved,"
            " resolution_notes, glider_id)"
            " SELECT report_date, repeat('x', %s), false, false, '', glider_id"
            " FROM logsheet_maintenanceissue WHERE glider_id IS NOT NULL LIMIT 1",
            [letters],
        )
