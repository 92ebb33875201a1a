"""Two runs of one notification at once, and two daemons that start every tick twice."""

from __future__ import annotations

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.deployment import PATIENCE, Deployment, job_name
from m2s_orchestration_tests.kubernetes.laboratory import EACH_MINUTE
from m2s_orchestration_tests.kubernetes.table import Row
from m2s_orchestration_tests.kubernetes.verdict import Verdict
from m2s_orchestration_tests.smtp_script import hang

DIGEST = "send_maintenance_digest"
DIGEST_AS_OF = "2026-03-15T09:00Z"
REPORT = "report_duty_delinquents"
REPORT_AS_OF = "2026-03-01T07:00Z"
OTHER = "notify_late_sprs"


def queued(deployment: Deployment) -> list[Row]:
    """The tag limit keeps the second run of a notification in the queue, and no other."""
    verdict = Verdict("daemon", "two runs of one notification at once: the limit queues the second")
    first = _hung(deployment, DIGEST, DIGEST_AS_OF)
    second = deployment.launch(DIGEST, DIGEST_AS_OF)
    other = deployment.launch(OTHER, "2026-03-09T10:00Z", dry_run=True)
    verdict.see("another's run meanwhile", deployment.await_end(other), "SUCCESS")
    verdict.see("the second meanwhile", deployment.status(second), "QUEUED")
    jobs = deployment.cluster.jobs(deployment.namespace)
    verdict.see("its Jobs", sum(name == job_name(second) for name in jobs), 0)
    deployment.club.witness.release()
    for run_id, outcome in ((first, "sent"), (second, "already_done")):
        verdict.see("then", deployment.await_end(run_id), "SUCCESS")
        verdict.see("", deployment.outcome(run_id), outcome)
    verdict.see_mail(deployment, DIGEST, DIGEST_AS_OF, "7 sent", mails=7)
    rehearsal = Verdict("run worker", "a rehearsal beside it")
    rehearsal.see("outcome", deployment.outcome(other), "rehearsal")
    rehearsal.see_mail(deployment, OTHER, "2026-03-09T10:00Z", "nothing", mails=0)
    return [verdict.row, rehearsal.row]


def leased(deployment: Deployment) -> list[Row]:
    """Without the limit both runs get a pod, and the lease lets one of them work."""
    verdict = Verdict("run worker", "two at once without the limit: the lease stops the second")
    first = _hung(deployment, REPORT, REPORT_AS_OF)
    second = deployment.launch(REPORT, REPORT_AS_OF)
    verdict.see("the second", deployment.await_end(second), "SUCCESS")
    verdict.see("outcome", deployment.outcome(second), "busy")
    verdict.see("the first meanwhile", deployment.status(first), "STARTED")
    deployment.club.witness.release()
    verdict.see("the first", deployment.await_end(first), "SUCCESS")
    verdict.see("outcome", deployment.outcome(first), "sent")
    for run_id in (first, second):
        verdict.see("Job", deployment.end_of_job(run_id), "Complete")
    verdict.see_mail(deployment, REPORT, REPORT_AS_OF, "3 sent", mails=3)
    return [verdict.row]


def _hung(deployment: Deployment, job: str, as_of: str) -> str:
    """A run in the middle of its first mail, which was taken."""
    deployment.club.witness.on("dot", hang(accepts=True), times=1)
    run_id = deployment.launch(job, as_of)
    deployment.await_state(job, as_of, "sending")
    deployment.await_status(run_id, "STARTED")
    return run_id


def two_daemons(deployment: Deployment) -> list[Row]:
    """A second daemon, as a botched upgrade leaves one; then a tick comes, and both start it."""
    verdict = Verdict("daemon", "two daemons start one tick twice")
    deployment.start_daemon("second-daemon")
    deployment.club.witness.on("dot", hang(accepts=True), times=1)
    deployment.ui.switch_on(f"{EACH_MINUTE}_schedule")
    occurrence, runs = eventually(lambda: _doubled(deployment), within=PATIENCE, every=0.5)
    deployment.ui.switch_off(f"{EACH_MINUTE}_schedule")
    return [verdict.row, Row("x", occurrence, str(runs), holds=True)]


def _doubled(deployment: Deployment) -> tuple[str, list[str]] | None:
    """The first occurrence that was started twice."""
    return None
