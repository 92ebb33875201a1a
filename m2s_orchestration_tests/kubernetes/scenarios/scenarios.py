"""What may happen to a run on a cluster, and what is left after it: the rows of the table."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.kubernetes.cluster.cluster import Cluster, our_cluster
from m2s_orchestration_tests.kubernetes.cluster.real_cluster import real_cluster
from m2s_orchestration_tests.kubernetes.cluster.rights import granted_in_values, refused, used
from m2s_orchestration_tests.kubernetes.scenarios.application_commands import (
    NOT_WRITTEN_DOWN,
    commands_in_pods,
)
from m2s_orchestration_tests.kubernetes.scenarios.deployment import (
    ACCOUNT,
    LOOKS_EVERY,
    PATIENCE,
    ROLE,
    Deployment,
    Plan,
)
from m2s_orchestration_tests.kubernetes.scenarios.installation import installed
from m2s_orchestration_tests.kubernetes.scenarios.interrupted_runs import (
    SENSOR,
    interrupt,
    look_at,
    make_up,
)
from m2s_orchestration_tests.kubernetes.scenarios.ordinary_runs import (
    missing_secret,
    out_of_memory,
    pod_of_a_run,
    runs_that_cannot,
)
from m2s_orchestration_tests.kubernetes.scenarios.pods_that_never_begin import never_begun
from m2s_orchestration_tests.kubernetes.scenarios.replicas import one_replica_dies
from m2s_orchestration_tests.kubernetes.scenarios.runs_together import (
    leased,
    past_its_runtime,
    queued,
    two_daemons,
)
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row

Scenario = Callable[[Deployment], list[Row]]
Lanes = Sequence[Sequence[Scenario]]

# Installed as the club has it.
OURS = Plan("ours", replicas=2)
# Without the limit of one run at a time, and with ticks that come every minute.
UNLIMITED = Plan(
    "unlimited",
    module="m2s_orchestration_tests.kubernetes.scenarios.laboratory",
    one_at_a_time=False,
)
# Lanes go side by side: each is of notifications that the others of its installation leave alone,
# and only one has runs that wait for the mail server to be released.
OUR_LANES: Lanes = (
    (pod_of_a_run, one_replica_dies, queued, runs_that_cannot, past_its_runtime),
    (missing_secret, commands_in_pods),
)
UNLIMITED_LANES: Lanes = ((leased, two_daemons), (out_of_memory,), (never_begun,))


def explore(folder: Path, kubeconfig: Path | None = None) -> list[Row]:
    """Try everything; all files lie in `folder`.

    With `kubeconfig` on the API server that it names, which has no node, else on our own.
    """
    chosen = real_cluster(kubeconfig, folder) if kubeconfig else our_cluster(folder)
    with EmbeddedPostgres(folder / "postgres") as postgres, chosen as cluster:

        def tried(plan: Plan, scenarios: Callable[[Deployment], list[Row]]) -> list[Row]:
            with installed(plan, cluster, postgres, folder / plan.name) as deployment:
                return [*scenarios(deployment), *_what_is_left(deployment)]

        with ThreadPoolExecutor() as pool:
            ours = pool.submit(tried, OURS, _as_installed)
            unlimited = pool.submit(tried, UNLIMITED, _without_the_limit)
            rows = [*ours.result(), *unlimited.result()]
        return [*rows, _rights(cluster, folder)]


def _as_installed(deployment: Deployment) -> list[Row]:
    # The sensor is to come when there is something for it.
    deployment.ui.stop_sensor(SENSOR)
    interrupted = interrupt(deployment)

    def looked_at(deployment: Deployment) -> list[Row]:
        return look_at(deployment, interrupted)

    def made_up(deployment: Deployment) -> list[Row]:
        return make_up(deployment, interrupted)

    return _side_by_side(deployment, ((looked_at, made_up), *OUR_LANES))


def _without_the_limit(deployment: Deployment) -> list[Row]:
    return _side_by_side(deployment, UNLIMITED_LANES)


def _side_by_side(deployment: Deployment, lanes: Lanes) -> list[Row]:
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda lane: _one_by_one(deployment, lane), lanes))
    return [row for rows in found for row in rows]


def _one_by_one(deployment: Deployment, scenarios: Iterable[Scenario]) -> list[Row]:
    """The rows of each; whatever one stumbles over is its row, and the others go on."""
    rows: list[Row] = []
    for scenario in scenarios:
        try:
            found = scenario(deployment)
            assert found, "it has nothing to tell"
            rows.extend(found)
        except Exception as error:  # noqa: BLE001 - told in the table, which does not hold
            rows.append(Row("laboratory", scenario.__name__, repr(error), holds=False))
    return rows


def _what_is_left(deployment: Deployment) -> list[Row]:
    """No mail that the ledger does not know, no lease, no mail in hand, nothing that runs."""
    mail = Verdict("mail server", f"every mail of the installation `{deployment.plan.name}`")
    accepted = deployment.club.witness.accepted
    mail.see("mails", len(accepted), len({item.header("Message-ID") for item in accepted}))
    mail.see("unknown to the ledger", deployment.club.strangers(), 0)
    left = Verdict("cluster", f"what is left of the installation `{deployment.plan.name}`")
    # A run is over a moment before its pod is.
    with contextlib.suppress(AssertionError):
        eventually(lambda: not _active(deployment), within=PATIENCE, every=LOOKS_EVERY)
    left.see("active Jobs", _active(deployment), 0)
    left.seen.append(f"of {len(deployment.cluster.jobs(deployment.namespace))}")
    left.see("leases", deployment.club.leases(), 0)
    left.see("mails in hand", deployment.club.in_hand(), 0)
    return [mail.row, left.row]


def _active(deployment: Deployment) -> int:
    """How many pods are at work."""
    jobs = deployment.cluster.jobs(deployment.namespace).values()
    return sum(job["status"].get("active", 0) for job in jobs)


def _rights(cluster: Cluster, folder: Path) -> Row:
    """The launcher came by with the rights that its account has, and used each of them."""
    verdict = Verdict("service account", "no more rights than the launcher's calls need")
    logs = [log.read_text() for log in folder.glob("*/*.log")]
    verdict.see("told that something is forbidden", sum("Forbidden" in log for log in logs), 0)
    calls = [cluster.calls(plan.name, ACCOUNT) for plan in (OURS, UNLIMITED)]
    noted = [call for found in calls if found for call in found]
    if noted:
        verdict.see("refused", len(refused(noted)), 0)
        verdict.seen.append(f"used: {', '.join(sorted(map(str, used(noted))))}")
        unused = sorted(map(str, granted_in_values(ROLE) - used(noted)))
        verdict.see("granted and not used:", ", ".join(unused) or "none", "none")
    else:
        verdict.seen.append(NOT_WRITTEN_DOWN)
    return verdict.row
