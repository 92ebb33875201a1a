"""Two code servers behind one address, of which one dies."""

from __future__ import annotations

from m2s_orchestration_tests.kubernetes.scenarios.deployment import Deployment
from m2s_orchestration_tests.kubernetes.scenarios.verdict import Verdict
from m2s_orchestration_tests.kubernetes.table import Row

DIGEST = "send_maintenance_digest"
AS_OF = "2026-03-22T09:00Z"


def one_replica_dies(deployment: Deployment) -> list[Row]:
    """The other one serves webserver and daemon, and runs start as before."""
    verdict = Verdict("code servers", "one of two replicas dies")
    served = [port for port, connections in deployment.balancer.carried.items() if connections]
    verdict.see("replicas in use before", len(served), 2)
    deployment.programs.kill("code-server-0")
    run_id = deployment.launch(DIGEST, AS_OF)
    verdict.see("run", deployment.await_end(run_id), "SUCCESS")
    verdict.see("outcome", deployment.outcome(run_id), "sent")
    verdict.see("code location", deployment.ui.is_ready() and "loaded", "loaded")
    verdict.see_mail(deployment, DIGEST, AS_OF, "7 sent", mails=7)
    return [verdict.row]
