"""What the API server remembers: objects by kind, namespace and name, as JSON has them."""

from __future__ import annotations

import copy
import secrets
import string
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

Object = dict[str, Any]

_LETTERS = string.ascii_lowercase + string.digits


class AlreadyThere(Exception):
    """An object of that kind and name exists."""


class Objects(Protocol):
    """Where the node finds the pods, and tells how they go: a store here, or an API server."""

    def create(self, kind: str, namespace: str, given: Object) -> Object:
        """A new object."""

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object of that name."""

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind."""

    def change(
        self, kind: str, namespace: str, name: str, change: Callable[[Object], None]
    ) -> Object | None:
        """Let `change` alter the object; what it is then, or None if there is none."""

    def delete(self, kind: str, namespace: str, name: str) -> Object | None:
        """Take the object away."""

    def wait(self, seconds: float) -> None:
        """Return at the next change, if that is known, or when the time is over."""


class Store:
    """Keeps copies and gives copies, so that a change is one only when it is stored."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str, str], Object] = {}
        self._version = 0
        self._turn = threading.Condition(threading.RLock())

    def create(self, kind: str, namespace: str, given: Object) -> Object:
        """A new object, with a name if it has only the beginning of one. Raises AlreadyThere."""
        made = copy.deepcopy(given)
        metadata = made.setdefault("metadata", {})
        if "name" not in metadata:
            metadata["name"] = metadata["generateName"] + letters(5)
        key = (kind, namespace, metadata["name"])
        metadata.update(namespace=namespace, uid=str(uuid.uuid4()), creationTimestamp=now_text())
        with self._turn:
            if key in self._objects:
                raise AlreadyThere(metadata["name"])
            self._keep(key, made)
        return copy.deepcopy(made)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object of that name."""
        with self._turn:
            return copy.deepcopy(self._objects.get((kind, namespace, name)))

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Every object of a kind, the oldest first; of all namespaces if none is named."""
        with self._turn:
            found = [
                made
                for (one_kind, one_namespace, _), made in self._objects.items()
                if one_kind == kind and namespace in {None, one_namespace}
            ]
            return copy.deepcopy(found)

    def change(
        self, kind: str, namespace: str, name: str, change: Callable[[Object], None]
    ) -> Object | None:
        """Let `change` alter the object; what it is then, or None if there is none."""
        key = (kind, namespace, name)
        with self._turn:
            if key not in self._objects:
                return None
            changed = copy.deepcopy(self._objects[key])
            change(changed)
            if changed != self._objects[key]:
                self._keep(key, changed)
            return copy.deepcopy(changed)

    def delete(self, kind: str, namespace: str, name: str) -> Object | None:
        """Take the object away; what it was."""
        with self._turn:
            self._turn.notify_all()
            return self._objects.pop((kind, namespace, name), None)

    def wait(self, seconds: float) -> None:
        """Return at the next change, or when the time is over."""
        with self._turn:
            self._turn.wait(seconds)

    def _keep(self, key: tuple[str, str, str], made: Object) -> None:
        self._version += 1
        made["metadata"]["resourceVersion"] = str(self._version)
        self._objects[key] = made
        self._turn.notify_all()


def tell(store: Objects, about: Object, kind: str, reason: str, message: str) -> None:
    """Write an event about an object."""
    metadata = about["metadata"]
    moment = now_text()
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{secrets.token_hex(8)}"},
        "involvedObject": {"kind": kind, **{key: metadata[key] for key in ("namespace", "name")}},
        "reason": reason,
        "message": message,
        "type": "Normal" if reason in {"SuccessfulCreate", "Completed", "Started"} else "Warning",
        "count": 1,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
    }
    store.create("events", metadata["namespace"], event)


def letters(count: int) -> str:
    """So many letters and digits at random, as they end a generated name."""
    return "".join(secrets.choice(_LETTERS) for _ in range(count))


def now_text() -> str:
    """This moment as Kubernetes writes it."""
    return text_of(datetime.now(UTC))


def text_of(moment: datetime) -> str:
    """A moment as Kubernetes writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_since(text: str) -> float:
    """How long ago a moment was."""
    return (datetime.now(UTC) - datetime.fromisoformat(text)).total_seconds()
