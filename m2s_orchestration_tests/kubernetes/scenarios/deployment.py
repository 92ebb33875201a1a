"""An installation of Dagster on a cluster, as the scenarios see it and act on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from m2s_orchestration.framework.pod import run_tags
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.postgres import Database
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster.cluster import Cluster
from m2s_orchestration_tests.kubernetes.cluster.store import Object
from m2s_orchestration_tests.kubernetes.scenarios.balancer import Balancer
from m2s_orchestration_tests.kubernetes.scenarios.club import Club
from m2s_orchestration_tests.kubernetes.scenarios.programs import Programs
from m2s_orchestration_tests.kubernetes.scenarios.ui import Ui

# The account of webserver and daemon, and the Role in helm-values.yaml that says what it may do.
ACCOUNT, ROLE = "m2s-dagster", "m2s-launcher"
# The account of the runs, which may do nothing.
RUNS = "m2s-runs"
SECRET = "manage2soar-env"
PATIENCE = 150.0  # seconds for what run monitoring, a lease or a full queue lets wait
# Minutes; what dagster.yaml gives a pod to begin is less.
LONGER_THAN_A_START = 4
LOOKS_EVERY = 0.4  # seconds
OVER = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True)
class Plan:
    """What is installed: which code, how many servers of it, and whether one run at a time."""

    name: str
    module: str = "m2s_orchestration.definitions"
    replicas: int = 1
    one_at_a_time: bool = True


@dataclass(frozen=True)
class Deployment:
    """A running installation: its UI, its runs, its club and its namespace of the cluster."""

    plan: Plan
    cluster: Cluster
    club: Club
    storage: Database
    ui: Ui
    programs: Programs
    balancer: Balancer
    workspace: Path

    @property
    def namespace(self) -> str:
        """Where its Jobs and pods are."""
        return self.plan.name

    def start_daemon(self, name: str) -> None:
        """One daemon more."""
        self.programs.start(name, "dagster-daemon", "run", "--workspace", str(self.workspace))

    def launch(
        self, job: str, as_of: str, *, tags: dict[str, str] | None = None, **config: Any
    ) -> str:
        """Start a run in the Launchpad for an occurrence that is long past; its id."""
        return self.ui.launch(job, {"as_of": as_of, "send_late": True, **config}, tags)

    def status(self, run_id: str) -> str:
        """Where the run is."""
        ((status,),) = self._ask("SELECT status FROM runs WHERE run_id = %s", run_id)
        return str(status)

    def outcome(self, run_id: str) -> str | None:
        """What the run came to, by its tag."""
        return self.tags(run_id).get("m2s/outcome")

    def tags(self, run_id: str) -> dict[str, str]:
        """The run's tags."""
        return dict(self._ask("SELECT key, value FROM run_tags WHERE run_id = %s", run_id))

    def failure(self, run_id: str) -> str:
        """What Dagster says of why the run failed."""
        rows = self._ask(
            "SELECT event FROM event_logs"
            " WHERE run_id = %s AND dagster_event_type = 'PIPELINE_FAILURE'",
            run_id,
        )
        return " ".join(str(event) for (event,) in rows)

    def runs_of(self, job: str, occurrence: str) -> list[str]:
        """The ids of a job's runs for an occurrence, the oldest first."""
        rows = self._ask(
            "SELECT runs.run_id FROM runs JOIN run_tags USING (run_id)"
            " WHERE pipeline_name = %s AND key = 'm2s/occurrence' AND value = %s ORDER BY runs.id",
            *(job, occurrence),
        )
        return [run_id for (run_id,) in rows]

    def ticks(self, job: str) -> list[tuple[str, int]]:
        """The occurrences that a job's schedule started, and by how many runs."""
        return [
            (str(occurrence), int(runs))
            for occurrence, runs in self._ask(
                "SELECT value, count(*) FROM runs JOIN run_tags USING (run_id)"
                " WHERE pipeline_name = %s AND key = 'dagster/partition' GROUP BY value ORDER BY 1",
                job,
            )
        ]

    def age(self, run_id: str, *, minutes: int) -> None:
        """Let so much time have passed since the run was created, given a pod and started."""
        self._ask(
            "UPDATE event_logs SET timestamp = timestamp - make_interval(mins => %s)"
            " WHERE run_id = %s AND dagster_event_type = 'PIPELINE_STARTING' RETURNING 1",
            *(minutes, run_id),
        )
        self._ask(
            "UPDATE runs SET start_time = start_time - %s * 60,"
            " create_timestamp = create_timestamp - make_interval(mins => %s)"
            " WHERE run_id = %s RETURNING 1",
            *(minutes, minutes, run_id),
        )

    def await_status(self, run_id: str, *statuses: str) -> str:
        """Return when the run has one of these statuses; which."""

        def reached() -> str | None:
            status = self.status(run_id)
            assert status in statuses or status not in OVER, f"{run_id} became {status}"
            return status if status in statuses else None

        return eventually(reached, within=PATIENCE, every=LOOKS_EVERY)

    def await_end(self, run_id: str) -> str:
        """Return when the run is over; its status."""
        return self.await_status(run_id, *OVER)

    def pod(self, run_id: str) -> Object:
        """The run's pod, when there is one."""
        name = job_name(run_id)
        found = eventually(
            lambda: self.cluster.pods(self.namespace, name), within=PATIENCE, every=LOOKS_EVERY
        )
        return found[0]

    def await_killing(self, pod: Object) -> None:
        """Return when the pod's program was asked to end."""
        name = pod["metadata"]["name"]

        def was_asked() -> bool:
            return "Killing" in self.cluster.events(self.namespace, name)

        eventually(was_asked, within=PATIENCE, every=0.1)

    def await_mail_in_hand(self, run_id: str, job: str, as_of: str) -> None:
        """Return when the run is in the middle of a mail of the occurrence."""

        def is_there() -> bool:
            assert self.status(run_id) not in OVER, f"{run_id} is over: {self.failure(run_id)}"
            return "sending" in self.club.told(job, as_of).states

        eventually(is_there, within=PATIENCE, every=LOOKS_EVERY)

    def pods(self, run_id: str) -> list[Object]:
        """The run's pods that are still there."""
        return self.cluster.pods(self.namespace, job_name(run_id))

    def end_of_job(self, run_id: str) -> str:
        """How the run's Job ended, when it has: `Complete`, the reason why not, or `gone`."""

        def ended() -> str | None:
            job = self.cluster.jobs(self.namespace).get(job_name(run_id))
            if job is None:
                return "gone"
            conditions = job.get("status", {}).get("conditions", [])
            told = [one["reason"] if one["type"] == "Failed" else one["type"] for one in conditions]
            return told[0] if told else None

        return eventually(ended, within=PATIENCE, every=LOOKS_EVERY)

    def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.storage.connect("laboratory") as connection:
            return connection.execute(statement.encode(), values).fetchall()


def job_name(run_id: str) -> str:
    """What the launcher calls the Job of a run."""
    return f"dagster-run-{run_id}"


def pod_tag(job: str, changed: Object) -> dict[str, str]:
    """The tag by which one run's pod differs from what its notification declares."""
    return {"dagster-k8s/config": json.dumps(merged(declared_pod(job), changed))}


def declared_pod(job: str) -> Object:
    """What the notification declares of its pods, as the launcher takes it."""
    declared: Object = json.loads(run_tags(notification_named(job))["dagster-k8s/config"])
    return declared


def merged(one: Object, other: Object) -> Object:
    """One configuration with what the other says instead, down to its leaves."""
    found = dict(one)
    for key, value in other.items():
        nested = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if nested else value
    return found
