"""Two runs of one notification at once, and two daemons that start every tick twice."""

from __future__ import annotations

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    LOOKS_EVERY,
    PATIENCE,
    Deployment,
    job_name,
)
from m2s_orchestration_tests.kubernetes.scenarios.laboratory import EACH_MINUTE
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row
from m2s_orchestration_tests.smtp_script import hang

DIGEST = "send_maintenance_digest"
DIGEST_AS_OF = "2026-03-15T09:00Z"
LATER = "2026-03-29T09:00Z"
REPORT = "report_duty_delinquents"
REPORT_AS_OF = "2026-03-01T07:00Z"
OTHER = "notify_late_sprs"
# At whose mail a run is held: people whom no other notification tells of anything. Before the
# one of the digest comes one other.
HELD_AT = {DIGEST: "peter.vandermeer", REPORT: "donna.whitfield"}


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
    """A run in the middle of a mail, which was taken."""
    recipient = f"{HELD_AT[job]}@members.highmeadowsoaring.example"
    deployment.club.witness.on("dot", hang(accepts=True), recipient=recipient, times=1)
    run_id = deployment.launch(job, as_of)
    deployment.await_mail_in_hand(run_id, job, as_of)
    deployment.await_status(run_id, "STARTED")
    return run_id


def two_daemons(deployment: Deployment) -> list[Row]:
    """A second daemon, as a botched upgrade leaves one; then a tick comes, and both start it."""
    verdict = Verdict("daemon", "two daemons start one tick twice")
    deployment.start_daemon("second-daemon")
    deployment.ui.switch_on(f"{EACH_MINUTE}_schedule")
    tick = eventually(lambda: _doubled(deployment), within=PATIENCE, every=LOOKS_EVERY)
    # Where each daemon took the other's run for its own, it takes another tick.
    eventually(lambda: deployment.club.told(EACH_MINUTE).states, within=PATIENCE, every=LOOKS_EVERY)
    deployment.ui.switch_off(f"{EACH_MINUTE}_schedule")
    ends = [end for tick, _ in deployment.ticks(EACH_MINUTE) for end in _ended(deployment, tick)]
    verdict.see("runs of the tick", len(deployment.runs_of(EACH_MINUTE, tick)), 2)
    verdict.seen.append(f"of all runs {', '.join(f'{one} {ends.count(one)}' for one in set(ends))}")
    # Whatever comes after the first of a day has nobody left to tell.
    verdict.see("sent", ends.count("sent"), deployment.club.periods(EACH_MINUTE))
    verdict.see("mails to each", deployment.club.mails_to_each(EACH_MINUTE), {1})
    told = deployment.club.told(EACH_MINUTE)
    verdict.see("ledger:", ", ".join(told.states), "sent")
    verdict.see_mail(deployment, EACH_MINUTE, None, told.in_words, mails=told.states["sent"])
    return [verdict.row]


def _doubled(deployment: Deployment) -> str | None:
    """The first occurrence that was started twice."""
    return next((tick for tick, runs in deployment.ticks(EACH_MINUTE) if runs > 1), None)


def _ended(deployment: Deployment, tick: str) -> list[str]:
    """What the runs of a tick came to, once they have; one that both launched may not know."""
    found = []
    for run_id in deployment.runs_of(EACH_MINUTE, tick):
        status = deployment.await_end(run_id)
        found.append(deployment.outcome(run_id) or status)
    return found


def past_its_runtime(deployment: Deployment) -> list[Row]:
    """Run monitoring ends the run whose time, in Dagster's own count, is over."""
    verdict = Verdict("run monitoring", "dagster/max_runtime passed in the middle of a mail")
    run_id = _hung(deployment, DIGEST, LATER)
    pod = deployment.pod(run_id)
    deployment.age(run_id, minutes=int(deployment.tags(run_id)["dagster/max_runtime"]) // 60)
    deployment.await_killing(pod)
    deployment.club.witness.release()
    # Whoever is first names it: the daemon that ended it, or the worker that was ended.
    verdict.see_one_of("run", deployment.await_end(run_id), ["FAILURE", "CANCELED"])
    verdict.see("Job", deployment.end_of_job(run_id), "gone")
    eventually(lambda: not deployment.pods(run_id), within=PATIENCE, every=LOOKS_EVERY)
    verdict.see_mail(deployment, DIGEST, LATER, "5 planned, 2 sent", mails=2)
    return [verdict.row]
