"""What may happen to a run on a cluster, and what is left after it: the rows of the table.

`python -m m2s_orchestration_tests.kubernetes.scenarios` tries all of it and prints the table.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from m2s_orchestration.demo.postgres import EmbeddedPostgres
from m2s_orchestration_tests.kubernetes.cluster import Cluster, our_cluster
from m2s_orchestration_tests.kubernetes.deployment import ACCOUNT, Deployment, Plan
from m2s_orchestration_tests.kubernetes.installation import installed
from m2s_orchestration_tests.kubernetes.interrupted_runs import SENSOR, interrupt, look_at, make_up
from m2s_orchestration_tests.kubernetes.ordinary_runs import (
    missing_secret,
    out_of_memory,
    pod_of_a_run,
    runs_that_cannot,
)
from m2s_orchestration_tests.kubernetes.pods_that_never_begin import never_begun
from m2s_orchestration_tests.kubernetes.replicas import one_replica_dies
from m2s_orchestration_tests.kubernetes.rights import LAUNCHER, refused, used
from m2s_orchestration_tests.kubernetes.runs_together import (
    leased,
    past_its_runtime,
    queued,
    two_daemons,
)
from m2s_orchestration_tests.kubernetes.table import Row, show
from m2s_orchestration_tests.kubernetes.verdict import Verdict

Scenario = Callable[[Deployment], list[Row]]
Lanes = Sequence[Sequence[Scenario]]

# Installed as the club has it.
OURS = Plan("ours", replicas=2)
# Without the limit of one run at a time, and with ticks that come every minute.
UNLIMITED = Plan(
    "unlimited", module="m2s_orchestration_tests.kubernetes.laboratory", one_at_a_time=False
)
# Lanes go side by side: each is of notifications that the others of its installation leave alone,
# and only one has runs that wait for the mail server to be released.
OUR_LANES: Lanes = (
    (pod_of_a_run, one_replica_dies, queued, runs_that_cannot, past_its_runtime),
    (missing_secret,),
)
UNLIMITED_LANES: Lanes = ((leased, two_daemons), (out_of_memory,), (never_begun,))


def explore(folder: Path) -> list[Row]:
    """Try everything on a cluster of ours whose files lie in `folder`."""
    with EmbeddedPostgres(folder / "postgres") as postgres, our_cluster(folder) as cluster:

        def tried(plan: Plan, scenarios: Callable[[Deployment], list[Row]]) -> list[Row]:
            with installed(plan, cluster, postgres, folder / plan.name) as deployment:
                return [*scenarios(deployment), _strangers(deployment)]

        with ThreadPoolExecutor() as pool:
            ours = pool.submit(tried, OURS, _as_installed)
            unlimited = pool.submit(tried, UNLIMITED, _without_the_limit)
            rows = [*ours.result(), *unlimited.result()]
        return [*rows, _rights(cluster)]


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
            rows.extend(scenario(deployment))
        except Exception as error:  # noqa: BLE001 - told in the table, which does not hold
            rows.append(Row("laboratory", scenario.__name__, repr(error), holds=False))
    return rows


def _strangers(deployment: Deployment) -> Row:
    """Of all mails that arrived, none is unknown to the ledger, and none came twice."""
    verdict = Verdict("mail server", f"every mail of the installation `{deployment.plan.name}`")
    accepted = deployment.club.witness.accepted
    ids = {mail.header("Message-ID") for mail in accepted}
    verdict.see("mails", len(accepted), len(ids))
    verdict.see("unknown to the ledger", deployment.club.strangers(), 0)
    return verdict.row


def _rights(cluster: Cluster) -> Row:
    """The launcher came by with the rights that its account has."""
    verdict = Verdict("service account", "no more rights than the launcher's calls need")
    calls = [call for plan in (OURS, UNLIMITED) for call in cluster.calls(plan.name, ACCOUNT)]
    needed = used(calls)
    verdict.see("refused", len(refused(calls)), 0)
    verdict.seen.append(f"used: {', '.join(sorted(map(str, needed)))}")
    verdict.see("granted and not used:", ", ".join(map(str, LAUNCHER - needed)) or "none", "none")
    return verdict.row


def main() -> int:
    """Print the table; 1 if something does not hold."""
    with tempfile.TemporaryDirectory() as folder:
        rows = explore(Path(folder))
    show(rows, Console(width=160))
    return int(not all(row.holds for row in rows))


if __name__ == "__main__":
    sys.exit(main())
