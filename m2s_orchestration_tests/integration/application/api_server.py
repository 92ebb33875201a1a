"""As much of a Kubernetes API server as one Job needs, with a process of ours as its pod."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

NAMESPACE = "club"
JOBS = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@dataclass
class ApiServer:
    """The server; `job` is what was asked for, `deleted` what was deleted.

    `refuses` is a status to answer every request with; `pulls_image` is false for an image that is
    nowhere: its pod waits until the Job's deadline.
    """

    folder: Path
    refuses: int | None = None
    pulls_image: bool = True
    job: dict[str, Any] | None = None
    deleted: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"cluster": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if self.process:
            self.process.kill()
            self.process.wait()

    def kubeconfig(self) -> Path:
        """The file by which a client finds it."""
        path = self.folder / "kubeconfig"
        address = f"http://127.0.0.1:{self._server.server_port}"
        here = {"cluster": "here", "user": "me", "namespace": NAMESPACE}
        path.write_text(
            json.dumps(
                {
                    "clusters": [{"name": "here", "cluster": {"server": address}}],
                    "users": [{"name": "me", "user": {}}],
                    "contexts": [{"name": "here", "context": here}],
                    "current-context": "here",
                }
            )
        )
        return path

    @property
    def log(self) -> Path:
        return self.folder / "pod.log"

    def create(self, job: dict[str, Any]) -> None:
        self.job = job
        if self.pulls_image:
            (container,) = job["spec"]["template"]["spec"]["containers"]
            with self.log.open("w") as log:
                self.process = subprocess.Popen(
                    container["command"], stdout=log, stderr=subprocess.STDOUT, text=True
                )

    def delete(self, what: str) -> None:
        self.deleted.append(what)
        if self.process:
            self.process.terminate()

    def job_status(self) -> dict[str, Any]:
        if not self.pulls_image:
            failed = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}
            return {"failed": 1, "conditions": [failed]}
        status = self.process.poll() if self.process else None
        if status is None:
            return {"active": 1}
        return {"succeeded": 1} if status == 0 else {"failed": 1}

    def pods(self) -> list[dict[str, Any]]:
        if self.job is None or self.deleted:
            return []
        (container,) = self.job["spec"]["template"]["spec"]["containers"]
        status = {"name": container["name"], "image": container["image"], "imageID": ""}
        status |= {"ready": False, "restartCount": 0, "state": self._state()}
        return [
            {
                "metadata": {"name": "the-pod"},
                "spec": {"containers": [container]},
                "status": {"containerStatuses": [status]},
            }
        ]

    def _state(self) -> dict[str, Any]:
        if not self.pulls_image:
            return {"waiting": {"reason": "ErrImagePull"}}
        status = self.process.poll() if self.process else None
        return {"running": {}} if status is None else {"terminated": {"exitCode": status}}


class _Handler(BaseHTTPRequestHandler):
    cluster: ApiServer

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        job = json.loads(self.rfile.read(length))
        if self._is_refused():
            return
        assert self.path.startswith(JOBS), self.path
        self.cluster.create(job)
        self._answer(job)

    def do_GET(self) -> None:
        if self._is_refused():
            return
        path = urlsplit(self.path).path
        if path.endswith("/status"):
            self._answer({"metadata": {}, "status": self.cluster.job_status()})
        elif path.endswith("/log"):
            self._say(self.cluster.log.read_bytes())
        else:
            assert path == PODS, path
            self._answer({"items": self.cluster.pods()})

    def do_DELETE(self) -> None:
        self.cluster.delete(urlsplit(self.path).path)
        self._answer({"status": "Success"})

    def _is_refused(self) -> bool:
        if self.cluster.refuses:
            self._answer({"reason": "Forbidden"}, self.cluster.refuses)
        return bool(self.cluster.refuses)

    def _answer(self, found: dict[str, Any], status: int = 200) -> None:
        self._say(json.dumps(found).encode(), status)

    def _say(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
