"""A Kubernetes API server on 127.0.0.1 whose pods are processes of this machine.

    with ApiServer(folder) as server:
        server.kubeconfig()     # a file by which a client may do everything
        ...
        server.calls            # who asked for what, and what the answer was

It knows Jobs, pods, their logs, events and secrets, service accounts and the Roles bound to them,
as far as the run launcher and the laboratory need them; what else is asked for is refused. There is
no watch, no discovery and no TLS, and updates are not checked for conflicts.
"""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from m2s_orchestration_tests.kubernetes.cluster.answers import Answer, Refused, answer_to
from m2s_orchestration_tests.kubernetes.cluster.job_controller import JobController
from m2s_orchestration_tests.kubernetes.cluster.pods import Kubelet
from m2s_orchestration_tests.kubernetes.cluster.rights import Call, granted_to
from m2s_orchestration_tests.kubernetes.cluster.routes import Request, parsed
from m2s_orchestration_tests.kubernetes.cluster.store import Store

# Whoever has this account's token may do everything: the laboratory itself.
ADMIN = "admin"


class ApiServer:
    """API, Job controller and node; serves while its context lasts. Pods lie below `folder`.

    Without a node of its own (`runs_pods`), somebody else has to run the pods.
    """

    def __init__(self, folder: Path, *, runs_pods: bool = True) -> None:
        self.folder = folder
        self._runs_pods = runs_pods
        self.store = Store()
        self.kubelet = Kubelet(self.store, folder / "pods")
        self._controller = JobController(self.store)
        self._calls: list[Call] = []
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.cluster = self
        self._door = threading.Thread(target=self._http.serve_forever, name="api", daemon=True)
        self._door.start()
        self._controller.start()
        if self._runs_pods:
            self.kubelet.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._controller.stop()
        if self._runs_pods:
            self.kubelet.stop()
        self._http.shutdown()
        self._http.server_close()
        self._door.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def calls(self) -> list[Call]:
        """Every call so far, in order."""
        with self._turn:
            return list(self._calls)

    def kubeconfig(self) -> Path:
        """A file by which a client may do everything."""
        token = secrets.token_hex(16)
        self.store.create("tokens", "", {"metadata": {"name": token}, "account": ADMIN})
        return write_kubeconfig(self.folder / "admin.json", {"server": self.url}, token)

    def respond(self, method: str, target: str, token: str, body: bytes) -> Answer:
        """The answer to one request, after a look at who asks."""
        known = self.store.get("tokens", "", token)
        if known is None:
            return Refused(401, "Unauthorized", "the token is nobody's").answer
        request = parsed(method, target)
        if request is None:
            return Refused(404, "NotFound", f"{target}: there is no such path").answer
        account: str = known["account"]
        if not self._may(account, request):
            where = request.namespace or "all namespaces"
            message = f"{account} may not {request.right} in {where}"
            answer = Refused(403, "Forbidden", message).answer
        else:
            answer = answer_to(self.store, self.kubelet, request, body)
        with self._turn:
            self._calls.append(Call(account, request.right, request.name, answer.status))
        return answer

    def _may(self, account: str, request: Request) -> bool:
        if account == ADMIN:
            return True
        # A Role is of one namespace: whoever names none asks for all.
        return request.right in granted_to(account, request.namespace or "all", self.store)


def write_kubeconfig(
    file: Path, cluster: dict[str, str], token: str, namespace: str = "default"
) -> Path:
    """A file by which a client talks to this cluster as the token's owner."""
    here = {"cluster": "here", "user": "owner", "namespace": namespace}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "owner", "user": {"token": token}}],
        "contexts": [{"name": "here", "context": here}],
        "current-context": "here",
    }
    file.write_text(json.dumps(content))
    return file


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    cluster: ApiServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        answer = self.server.cluster.respond(self.command, self.path, token, body)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815 - names of http.server

    def log_message(self, format: str, *arguments: object) -> None:
        """The calls are kept; nothing is printed."""
