"""What a request to the API server asks for: a verb, a resource, a name, selectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from m2s_orchestration_tests.kubernetes.cluster.rights import Right
from m2s_orchestration_tests.kubernetes.cluster.store import Object

PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[a-z]+))?)?"
)
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True)
class Request:
    """One request, taken apart."""

    verb: str
    group: str
    kind: str
    part: str
    namespace: str
    name: str
    query: dict[str, str]

    @property
    def right(self) -> Right:
        """The right that it needs."""
        resource = f"{self.kind}/{self.part}" if self.part else self.kind
        return Right(self.group, resource, self.verb)

    def selects(self, made: Object) -> bool:
        """Whether its selectors, if it has any, choose this object."""
        labels = made["metadata"].get("labels", {})
        by_label = all(labels.get(key) == value for key, value in self._pairs("labelSelector"))
        by_field = all(_at(made, path) == value for path, value in self._pairs("fieldSelector"))
        return by_label and by_field

    def _pairs(self, selector: str) -> list[tuple[str, str]]:
        terms = self.query.get(selector, "").split(",")
        return [(key, value) for key, _, value in (term.partition("=") for term in terms if term)]


def parsed(method: str, target: str) -> Request | None:
    """The request, or None if its path is none that Kubernetes knows."""
    parts = urlsplit(target)
    found = PATH.fullmatch(parts.path)
    if found is None:
        return None
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return Request(
        verb=_verb(method, named=bool(found["name"]), watching="watch" in query),
        group=found["group"] or "",
        kind=found["kind"],
        part=found["part"] or "",
        namespace=found["namespace"] or "",
        name=unquote(found["name"] or ""),
        query=query,
    )


def _verb(method: str, *, named: bool, watching: bool) -> str:
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    if method == "GET":
        return "get" if named else "watch" if watching else "list"
    return VERBS.get(method, method.lower())


def _at(made: Object, path: str) -> object:
    found: object = made
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found
