"""The node: runs every pod's container as a process and tells the API server how it goes."""

from __future__ import annotations

import base64
import threading
import time
from pathlib import Path

from kubernetes.utils import parse_quantity

from m2s_orchestration_tests.kubernetes.cluster.containers import KILLED, Container
from m2s_orchestration_tests.kubernetes.cluster.memory import Cage, cage
from m2s_orchestration_tests.kubernetes.cluster.pod_objects import is_ending
from m2s_orchestration_tests.kubernetes.cluster.store import Object, Objects, now_text, tell

LOOKS_EVERY = 0.2  # seconds, at what changes without the API server


class ConfigMissing(Exception):
    """The container cannot be made yet."""


class Kubelet:
    """Runs the pods of one API server. `view` is the folder that each pod has to itself."""

    def __init__(self, store: Objects, folder: Path) -> None:
        self.view = folder / "view"
        self.view.mkdir(parents=True)
        self._store = store
        self._folder = folder
        self._lives: dict[str, PodLife] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="kubelet", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End everything that runs, at once."""
        self._stopped.set()
        self._thread.join()
        for life in self._lives.values():
            life.stop()

    def kill(self, pod: Object) -> None:
        """Let a pod's process die by signal 9, as by the hand of a stranger on its node."""
        self._lives[pod["metadata"]["uid"]].kill()

    def peak(self, pod: Object) -> int:
        """The most bytes of memory that a pod used; 0 if nobody counted."""
        return self._lives[pod["metadata"]["uid"]].peak

    def log(self, uid: str, *, tail: int | None, with_moments: bool) -> str:
        """What a pod printed. The moment of each line is not known; this one's stands for it."""
        file = self._log_of(uid)
        lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        shown = lines if tail is None else lines[len(lines) - min(tail, len(lines)) :]
        moment = f"{now_text()} " if with_moments else ""
        return "".join(f"{moment}{line}\n" for line in shown)

    def _log_of(self, uid: str) -> Path:
        return self._folder / f"{uid}.log"

    def _work(self) -> None:
        while not self._stopped.is_set():
            for pod in self._store.all("pods"):
                uid = pod["metadata"]["uid"]
                if uid not in self._lives:
                    life = PodLife(self._store, pod, view=self.view, log=self._log_of(uid))
                    self._lives[uid] = life
                elif is_ending(pod) and self._lives[uid].is_over:
                    self._store.delete(
                        "pods", pod["metadata"]["namespace"], pod["metadata"]["name"]
                    )
            self._store.wait(LOOKS_EVERY)


class PodLife:
    """One pod, from the moment the node sees it; lives in a thread of its own."""

    def __init__(self, store: Objects, pod: Object, *, view: Path, log: Path) -> None:
        self.peak = 0
        self._store = store
        self._pod = pod
        self._view = view
        self._log = log
        self._container: Container | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._live, name=self._name, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether nothing runs any more."""
        return not self._thread.is_alive()

    def kill(self) -> None:
        """End the container's process by signal 9."""
        if self._container:
            self._container.kill()

    def stop(self) -> None:
        """End it, and wait for it."""
        self._stopped.set()
        self.kill()
        self._thread.join()

    @property
    def _name(self) -> str:
        name: str = self._pod["metadata"]["name"]
        return name

    @property
    def _spec(self) -> Object:
        spec: Object = self._pod["spec"]["containers"][0]
        return spec

    def _live(self) -> None:
        environment = self._configured()
        if environment is None:
            return
        limit = self._spec.get("resources", {}).get("limits", {}).get("memory")
        octets = int(parse_quantity(limit)) if limit else None
        with cage(self._pod["metadata"]["uid"], limit=octets) as walls:
            self._container = self._started(environment, walls)
            self._set_state("Running", {"running": {"startedAt": now_text()}})
            tell(self._store, self._pod, "Pod", "Started", "Started container")
            status = self._awaited(self._container, walls)
            self.peak = walls.peak
            reason = "Error" if status else "Completed"
            if walls.was_exceeded:
                status, reason = KILLED, "OOMKilled"
        ended = {"exitCode": status, "reason": reason, "finishedAt": now_text()}
        self._set_state("Failed" if status else "Succeeded", {"terminated": ended})

    def _configured(self) -> dict[str, str] | None:
        """The container's environment, once it can be had; None if the pod is to end before."""
        told = ""
        while not self._stopped.is_set():
            found = self._now()
            if found is None or is_ending(found):
                return None
            try:
                return self._environment()
            except ConfigMissing as missing:
                if told != str(missing):
                    told = str(missing)
                    waiting = {"reason": "CreateContainerConfigError", "message": told}
                    self._set_state("Pending", {"waiting": waiting})
                    tell(self._store, self._pod, "Pod", "Failed", f"Error: {told}")
            self._store.wait(LOOKS_EVERY)
        return None

    def _environment(self) -> dict[str, str]:
        environment: dict[str, str] = {}
        for source in self._spec.get("envFrom", []):
            if "secretRef" in source:
                environment |= self._secret(source["secretRef"])
        for entry in self._spec.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference is None:
                environment[entry["name"]] = entry.get("value", "")
                continue
            secret = self._secret(reference)
            if reference["key"] in secret:
                environment[entry["name"]] = secret[reference["key"]]
            elif not reference.get("optional"):
                raise ConfigMissing(f"couldn't find key {reference['key']} in {reference['name']}")
        return environment

    def _secret(self, reference: Object) -> dict[str, str]:
        found = self._store.get("secrets", self._pod["metadata"]["namespace"], reference["name"])
        if found is None and not reference.get("optional"):
            raise ConfigMissing(f'secret "{reference["name"]}" not found')
        encoded = (found or {}).get("data", {})
        return {name: base64.b64decode(value).decode() for name, value in encoded.items()}

    def _started(self, environment: dict[str, str], walls: Cage) -> Container:
        security = self._spec.get("securityContext", {})
        return Container(
            [*self._spec.get("command", []), *self._spec.get("args", [])],
            environment,
            name=self._name,
            view=self._view,
            log=self._log,
            procs=walls.procs,
            read_only=security.get("readOnlyRootFilesystem", False),
        )

    def _awaited(self, container: Container, walls: Cage) -> int:
        """The exit status, when the program has ended, by itself or as it was asked to."""
        killed_at = float("inf")
        while (status := container.exit_status) is None:
            found = self._now()
            if killed_at == float("inf") and (found is None or is_ending(found)):
                grace = found["metadata"]["deletionGracePeriodSeconds"] if found else 0
                killed_at = time.monotonic() + grace
                container.terminate()
                tell(self._store, self._pod, "Pod", "Killing", "Stopping container")
            if time.monotonic() >= killed_at:
                container.kill()
            walls.watch(container.pid)
            self._store.wait(LOOKS_EVERY)
        return status

    def _now(self) -> Object | None:
        return self._store.get("pods", self._pod["metadata"]["namespace"], self._name)

    def _set_state(self, phase: str, state: Object) -> None:
        status = {
            "name": self._spec["name"],
            "image": self._spec["image"],
            "imageID": "",
            "ready": "running" in state,
            "restartCount": 0,
            "state": state,
        }

        def change(pod: Object) -> None:
            pod["status"].update(phase=phase, containerStatuses=[status])
            pod["status"].setdefault("startTime", now_text())

        self._store.change("pods", self._pod["metadata"]["namespace"], self._name, change)
