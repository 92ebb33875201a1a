"""Four runs in the middle of a mail: killed, evicted, too slow, terminated; and what makes up."""

from __future__ import annotations

from dataclasses import dataclass

from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster.store import Object
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    LOOKS_EVERY,
    PATIENCE,
    Deployment,
    job_name,
    pod_tag,
)
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row
from m2s_orchestration_tests.smtp_script import hang

SENSOR = "missed_occurrences"
DEADLINE = 600


@dataclass(frozen=True)
class Trial:
    """An occurrence, who is told first of it, and to how many it goes."""

    job: str
    as_of: str
    first: str
    mails: int

    @property
    def occurrence(self) -> str:
        """The occurrence's key."""
        return self.as_of.replace("T", "-").removesuffix("Z")


KILLED = Trial("report_duty_delinquents", "2026-03-01T07:00Z", "donna.whitfield", 3)
EVICTED = Trial("notify_late_sprs", "2026-03-02T10:00Z", "robert.kowalski", 8)
TOO_SLOW = Trial("send_duty_preop_emails", "2026-03-01T06:00Z", "thomas.whitaker", 13)
TERMINATED = Trial("notify_aging_logsheets", "2026-03-01T08:00Z", "nora.lindgren", 2)
TRIALS = (KILLED, EVICTED, TOO_SLOW, TERMINATED)


@dataclass
class Interrupted:
    """The runs, once they are interrupted, by their trial."""

    runs: dict[Trial, str]
    pods: dict[Trial, Object]


def interrupt(deployment: Deployment) -> Interrupted:
    """Let four runs come to the middle of their first mail, and interrupt each in its way."""
    hung = _in_the_middle_of_a_mail(deployment)
    cluster = deployment.cluster
    cluster.node.kill(hung.pods[KILLED])
    cluster.evict(hung.pods[EVICTED])
    cluster.let_pass(DEADLINE, job_name(hung.runs[TOO_SLOW]), deployment.namespace)
    deployment.ui.terminate(hung.runs[TERMINATED])
    for trial in (EVICTED, TOO_SLOW, TERMINATED):
        deployment.await_killing(hung.pods[trial])
    # The mails in hand had been taken; now the server says so.
    deployment.club.witness.release()
    return hung


def look_at(deployment: Deployment, hung: Interrupted) -> list[Row]:
    """What became of them."""
    return [
        _look_at_killed(deployment, hung),
        _look_at_stopped(deployment, hung, EVICTED, "pod evicted in the middle of a mail"),
        _look_at_stopped(deployment, hung, TOO_SLOW, "activeDeadlineSeconds passed in a mail"),
        _look_at_terminated(deployment, hung),
    ]


def _in_the_middle_of_a_mail(deployment: Deployment) -> Interrupted:
    for trial in TRIALS:
        recipient = f"{trial.first}@members.highmeadowsoaring.example"
        deployment.club.witness.on("dot", hang(accepts=True), recipient=recipient, times=1)
    limit = {"job_spec_config": {"active_deadline_seconds": DEADLINE}}
    runs = {
        trial: deployment.launch(trial.job, trial.as_of, tags=pod_tag(trial.job, limit))
        for trial in TRIALS
    }
    for trial in TRIALS:
        deployment.await_mail_in_hand(runs[trial], trial.job, trial.as_of)
    deployment.club.witness.wait_for_accepted(len(TRIALS))
    return Interrupted(runs, {trial: deployment.pod(runs[trial]) for trial in TRIALS})


def _look_at_killed(deployment: Deployment, hung: Interrupted) -> Row:
    verdict = Verdict("run worker", "pod killed by signal 9 in the middle of a mail")
    run_id = hung.runs[KILLED]
    verdict.see("Job", deployment.end_of_job(run_id), "BackoffLimitExceeded")
    (pod,) = deployment.pods(run_id)
    ended = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    verdict.see("exit status", ended["exitCode"], 137)
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    told = deployment.club.told(KILLED.job, KILLED.as_of)
    verdict.see("ledger:", told.in_words, "2 planned, 1 sending")
    return verdict.row


def _look_at_stopped(deployment: Deployment, hung: Interrupted, trial: Trial, scenario: str) -> Row:
    verdict = Verdict("run worker", scenario)
    run_id = hung.runs[trial]
    verdict.see("run", deployment.await_end(run_id), "FAILURE")
    reason = "DeadlineExceeded" if trial is TOO_SLOW else "BackoffLimitExceeded"
    verdict.see("Job", deployment.end_of_job(run_id), reason)
    verdict.see("outcome", deployment.outcome(run_id), "incomplete")
    _see_half(deployment, verdict, trial)
    return verdict.row


def _look_at_terminated(deployment: Deployment, hung: Interrupted) -> Row:
    verdict = Verdict("run worker", "terminated in the UI in the middle of a mail")
    run_id = hung.runs[TERMINATED]
    verdict.see("run", deployment.await_end(run_id), "CANCELED")
    verdict.see("Job", deployment.end_of_job(run_id), "gone")
    eventually(lambda: not deployment.pods(run_id), within=PATIENCE, every=LOOKS_EVERY)
    verdict.see("outcome", deployment.outcome(run_id), "incomplete")
    _see_half(deployment, verdict, TERMINATED)
    return verdict.row


def _see_half(deployment: Deployment, verdict: Verdict, trial: Trial) -> None:
    """The mail in hand was finished, no other begun, and the lease given back."""
    states = f"{trial.mails - 1} planned, 1 sent"
    verdict.see_mail(deployment, trial.job, trial.as_of, states, mails=1)


def make_up(deployment: Deployment, hung: Interrupted) -> list[Row]:
    """The sensor starts what is lacking where the schedule is on; a person starts the other."""
    for trial in (KILLED, EVICTED, TOO_SLOW):
        deployment.ui.switch_on(f"{trial.job}_schedule")
        # The pause that the sensor leaves after a first run.
        deployment.age(hung.runs[trial], minutes=2)
    deployment.ui.start_sensor(SENSOR)
    again = deployment.ui.reexecute(hung.runs[TERMINATED], "FROM_FAILURE")
    rows = [
        _made_up(deployment, hung, EVICTED, "sent", f"{EVICTED.mails} sent"),
        _made_up(deployment, hung, TOO_SLOW, "sent", f"{TOO_SLOW.mails} sent"),
        _made_up(deployment, hung, KILLED, "incomplete", "2 sent, 1 unknown"),
        _look_at_retried(deployment, hung, again),
    ]
    for trial in (KILLED, EVICTED, TOO_SLOW):
        deployment.ui.switch_off(f"{trial.job}_schedule")
    return rows


def _made_up(
    deployment: Deployment, hung: Interrupted, trial: Trial, outcome: str, states: str
) -> Row:
    names = {KILLED: "the killed run", EVICTED: "the evicted run", TOO_SLOW: "the run too slow"}
    verdict = Verdict("sensor", f"{names[trial]} is made up for")

    def new_runs() -> list[str]:
        found = deployment.runs_of(trial.job, trial.occurrence)
        return [run_id for run_id in found if run_id != hung.runs[trial]]

    (run_id,) = eventually(new_runs, within=PATIENCE, every=LOOKS_EVERY)
    status = deployment.await_end(run_id)
    verdict.see("run", status, "SUCCESS" if outcome == "sent" else "FAILURE")
    verdict.see("outcome", deployment.outcome(run_id), outcome)
    verdict.see("Job", deployment.end_of_job(run_id), _end_after(status))
    verdict.see_mail(deployment, trial.job, trial.as_of, states, mails=trial.mails)
    if trial is KILLED:
        _see_the_lease_again(deployment, verdict, trial)
    return verdict.row


def _see_the_lease_again(deployment: Deployment, verdict: Verdict, trial: Trial) -> None:
    """The next run took it over, or found it free; it may have come early and waited for it."""
    events = [one for one in deployment.club.lease_events(trial.job) if one != "contended"]
    # A command of the web application begins by removing what is past its term.
    lawful = [["acquired", event, "released"] for event in ("taken_over", "acquired")]
    verdict.see("lease", "had again" if events in lawful else events, "had again")


def _end_after(status: str) -> str:
    return "Complete" if status == "SUCCESS" else "BackoffLimitExceeded"


def _look_at_retried(deployment: Deployment, hung: Interrupted, run_id: str) -> Row:
    verdict = Verdict("UI", "the terminated run is retried as a new run, from its failure")
    verdict.see("run", deployment.await_end(run_id), "SUCCESS")
    parent = deployment.tags(run_id).get("dagster/parent_run_id")
    verdict.see("parent", parent == hung.runs[TERMINATED] and "known", "known")
    runs = deployment.runs_of(TERMINATED.job, TERMINATED.occurrence)
    verdict.see("other runs of it", len(set(runs) - {parent, run_id}), 0)
    verdict.see("outcome", deployment.outcome(run_id), "sent")
    verdict.see("Job", deployment.end_of_job(run_id), "Complete")
    trial = TERMINATED
    states = f"{trial.mails} sent"
    verdict.see_mail(deployment, trial.job, trial.as_of, states, mails=trial.mails)
    return verdict.row
