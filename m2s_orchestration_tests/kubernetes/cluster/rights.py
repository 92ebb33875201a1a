"""Who may do what: the calls that a Role allows, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from m2s_orchestration_tests.kubernetes.chart import values
from m2s_orchestration_tests.kubernetes.cluster.store import Object, Store

RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, order=True)
class Right:
    """A verb on a resource, as a Role names them; `group` is the resource's API group."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


@dataclass(frozen=True)
class Call:
    """One call to the API server: who, what, of which object, and the answer's status."""

    account: str
    right: Right
    name: str
    status: int


def granted_in_values(name: str) -> frozenset[Right]:
    """What the Role of that name in helm-values.yaml allows."""
    return frozenset(granted(values.role(values.read(), name)))


def used(calls: list[Call]) -> set[Right]:
    """What was asked for and allowed."""
    return {call.right for call in calls if call.status != 403}


def refused(calls: list[Call]) -> list[Call]:
    """What was asked for and not allowed."""
    return [call for call in calls if call.status == 403]


def role(name: str, rights: Iterable[Right]) -> Object:
    """The Role that grants these rights."""
    rules = [
        {"apiGroups": [right.group], "resources": [right.resource], "verbs": [right.verb]}
        for right in sorted(rights)
    ]
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": name},
        "rules": rules,
    }


def binding(name: str, account: str, namespace: str) -> Object:
    """What gives the Role of that name to a service account."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    }


def full_name(namespace: str, account: str) -> str:
    """What an API server calls a service account."""
    return f"system:serviceaccount:{namespace}:{account}"


def granted(role: Mapping[str, Any]) -> set[Right]:
    """What a Role allows."""
    return {
        Right(*found)
        for rule in role["rules"]
        for found in product(rule["apiGroups"], rule["resources"], rule["verbs"])
    }


def granted_to(account: str, namespace: str, store: Store) -> set[Right]:
    """What an account may do in a namespace, by the Roles that are bound to it there."""
    return {right for role in _roles_of(account, namespace, store) for right in granted(role)}


def _roles_of(account: str, namespace: str, store: Store) -> Iterator[Object]:
    for bound in store.all("rolebindings", namespace):
        subjects = [full_name(one["namespace"], one["name"]) for one in bound["subjects"]]
        role = store.get("roles", namespace, bound["roleRef"]["name"])
        if role and account in subjects:
            yield role
