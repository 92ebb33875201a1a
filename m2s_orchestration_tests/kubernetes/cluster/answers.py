"""What the API server does when it is asked: make, show, list and delete."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from m2s_orchestration_tests.kubernetes.cluster.pod_objects import (
    mark_for_deletion,
    orphan,
    pods_of,
)
from m2s_orchestration_tests.kubernetes.cluster.pods import Kubelet
from m2s_orchestration_tests.kubernetes.cluster.rights import RBAC, full_name
from m2s_orchestration_tests.kubernetes.cluster.routes import Request
from m2s_orchestration_tests.kubernetes.cluster.store import AlreadyThere, Object, Store, now_text
from m2s_orchestration_tests.kubernetes.objects.manifests import refusals

KINDS = {
    "jobs": ("batch/v1", "Job"),
    "pods": ("v1", "Pod"),
    "events": ("v1", "Event"),
    "secrets": ("v1", "Secret"),
    "serviceaccounts": ("v1", "ServiceAccount"),
    "namespaces": ("v1", "Namespace"),
    "nodes": ("v1", "Node"),
    "roles": (f"{RBAC}/v1", "Role"),
    "rolebindings": (f"{RBAC}/v1", "RoleBinding"),
}
SUCCESS = {"kind": "Status", "apiVersion": "v1", "status": "Success"}


@dataclass(frozen=True)
class Answer:
    """Status and body of a response."""

    status: int
    body: bytes
    kind: str = "application/json"


class Refused(Exception):
    """The request is not granted; told as Kubernetes tells it."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.answer = _json(
            {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": {},
                "status": "Failure",
                "message": message,
                "reason": reason,
                "code": code,
            },
            code,
        )


def answer_to(store: Store, kubelet: Kubelet, request: Request, body: bytes) -> Answer:
    """The answer to a request that its sender may make."""
    deeds: dict[str, Callable[[], Answer]] = {
        "create": lambda: _create(store, request, json.loads(body)),
        "get": lambda: _get(store, kubelet, request),
        "list": lambda: _list(store, request),
        "update": lambda: _update(store, request, json.loads(body)),
        "delete": lambda: _delete(store, request, json.loads(body or b"{}")),
    }
    deed = deeds.get(request.verb)
    if deed is None or request.kind not in KINDS:
        return Refused(404, "NotFound", f"this server does not {request.right}").answer
    try:
        return deed()
    except Refused as refused:
        return refused.answer


def _create(store: Store, request: Request, given: Object) -> Answer:
    parts = {"eviction": _evict, "binding": _bind, "token": _give_token}
    if request.part in parts:
        return parts[request.part](store, request, given)
    if request.kind == "jobs":
        found = refusals(given)
        if found:
            name = given.get("metadata", {}).get("name")
            message = f'Job.batch "{name}" is invalid: {"; ".join(found)}'
            raise Refused(422, "Invalid", message)
        given.setdefault("status", {})
    try:
        made = store.create(request.kind, request.namespace, given)
        if request.kind == "namespaces":
            # The account of every pod that names none.
            default = {"metadata": {"name": "default"}}
            store.create("serviceaccounts", made["metadata"]["name"], default)
        return _json(made, 201)
    except AlreadyThere as there:
        message = f'{request.kind} "{there}" already exists'
        raise Refused(409, "AlreadyExists", message) from None


def _get(store: Store, kubelet: Kubelet, request: Request) -> Answer:
    found = _found(store, request)
    if request.part == "log":
        tail = int(request.query["tailLines"]) if "tailLines" in request.query else None
        with_moments = request.query.get("timestamps", "").lower() == "true"
        text = kubelet.log(found["metadata"]["uid"], tail=tail, with_moments=with_moments)
        return Answer(200, text.encode(), "text/plain")
    return _json(found)


def _list(store: Store, request: Request) -> Answer:
    api_version, kind = KINDS[request.kind]
    made = store.all(request.kind, request.namespace or None)
    found = [one for one in made if request.selects(one)]
    body = {"kind": f"{kind}List", "apiVersion": api_version, "metadata": {}, "items": found}
    return _json(body)


def _update(store: Store, request: Request, given: Object) -> Answer:
    if request.part != "status":
        raise Refused(404, "NotFound", f"this server does not {request.right}")

    def change(made: Object) -> None:
        made["status"] = given["status"]

    found = _found(store, request)
    return _json(store.change(request.kind, request.namespace, request.name, change) or found)


def _delete(store: Store, request: Request, options: Object) -> Answer:
    found = _found(store, request)
    # Both are heard: what stands in the body, and what stands in the address.
    asked = {**request.query, **options}
    grace = int(asked["gracePeriodSeconds"]) if "gracePeriodSeconds" in asked else None
    if request.kind == "pods" and grace != 0:
        return _json(mark_for_deletion(store, found, grace) or found)
    policy = asked.get("propagationPolicy")
    if request.kind == "jobs" and policy not in {"Background", "Foreground"}:
        # Whoever names no policy leaves the pods of a batch/v1 Job behind, running.
        for pod in pods_of(store, found):
            orphan(store, pod)
    store.delete(request.kind, request.namespace, request.name)
    return _json(found)


def _evict(store: Store, request: Request, _: Object) -> Answer:
    """As a node that is drained asks for it: the pod is disrupted, and deleted in its grace."""
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
        "lastTransitionTime": now_text(),
    }
    pod = _found(store, request)
    name = pod["metadata"]["name"]

    def disrupt(pod: Object) -> None:
        pod["status"].setdefault("conditions", []).append(condition)

    store.change("pods", request.namespace, name, disrupt)
    mark_for_deletion(store, pod, None)
    return _json(SUCCESS, 201)


def _bind(store: Store, request: Request, given: Object) -> Answer:
    """The node to which a pod goes."""

    def place(pod: Object) -> None:
        pod["spec"]["nodeName"] = given["target"]["name"]

    store.change("pods", request.namespace, request.name, place)
    return _json(SUCCESS, 201)


def _give_token(store: Store, request: Request, given: Object) -> Answer:
    """By this token its bearer is the service account."""
    account = _found(store, request)["metadata"]
    token = secrets.token_hex(16)
    owner = full_name(account["namespace"], account["name"])
    store.create("tokens", "", {"metadata": {"name": token}, "account": owner})
    return _json({**given, "status": {"token": token}}, 201)


def _found(store: Store, request: Request) -> Object:
    found = store.get(request.kind, request.namespace, request.name)
    if found is None:
        raise Refused(404, "NotFound", f'{request.kind} "{request.name}" not found')
    return found


def _json(body: Object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())
