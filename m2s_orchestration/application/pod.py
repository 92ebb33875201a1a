"""Runs a command in a pod of the web application's image, as its CronJob did."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.errors import CommandFailed
from m2s_orchestration.settings import Settings

BEGUN_WITH = ("python", "manage.py")
# As in the CronJobs' manifests; APPLICATION_POD may say otherwise.
CONTAINER = {"workingDir": "/app", "envFrom": [{"secretRef": {"name": "manage2soar-env"}}]}
KEPT = timedelta(hours=1)
LOOKED_AT_EVERY = 2.0  # seconds
# Kubernetes ends the pod at its deadline; we wait a little longer to hear of it.
LATE = timedelta(minutes=1)

Tell = Callable[[str], None]


class InPod:
    """The command as a Kubernetes Job. `holder` is nobody: a lock that it leaves ends by itself."""

    holder: str | None = None

    def __init__(self, command: ApplicationCommand, settings: Settings, *, run_id: str) -> None:
        self._command = command
        self._job = manifest(command, settings, run_id=run_id)

    def run(self, tell: Tell) -> int:
        """Run it to its end; returns its exit status, and tells each line that it said.

        Raises CommandFailed when it never ran or its time is over. Then, and when we are
        interrupted, its Job and its pod are deleted, which tells the command to end.
        """
        # Not above: with these libraries a pod needs 80 MiB more, and only this one uses them.
        from m2s_orchestration.application.cluster import Cluster, refusals_told

        within = (self._command.deadline + LATE).total_seconds()
        with refusals_told():
            ended = Cluster().run(self._job, within=within, every=LOOKED_AT_EVERY)
        for line in ended.said:
            tell(line)
        if ended.status is None:
            raise CommandFailed(
                f"{self._command.name} has no exit status: {ended.why}. Its Job was deleted."
            )
        return ended.status


def manifest(command: ApplicationCommand, settings: Settings, *, run_id: str) -> dict[str, Any]:
    """The Job that runs the command once; the next tick is its retry."""
    name = command.name.replace("_", "-")
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "dagster"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"{name}-{run_id[:8]}", "labels": labels},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": int(command.deadline.total_seconds()),
            "ttlSecondsAfterFinished": int(KEPT.total_seconds()),
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(command, settings)},
        },
    }


def _pod_spec(command: ApplicationCommand, settings: Settings) -> dict[str, Any]:
    given: dict[str, Any] = dict(settings.application_pod)
    (container,) = given.get("containers", [{}])
    memory, cpu = command.pod.memory, command.pod.cpu
    return {
        "automountServiceAccountToken": False,
        **given,
        "restartPolicy": "Never",
        "containers": [
            {
                **CONTAINER,
                "resources": {
                    "requests": {"memory": memory[0], "cpu": cpu[0]},
                    "limits": {"memory": memory[1], "cpu": cpu[1]},
                },
                **container,
                "name": "command",
                "image": settings.application_image,
                "command": list(command.words(settings.application_command or BEGUN_WITH)),
            }
        ],
    }
