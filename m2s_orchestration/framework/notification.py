"""What may be declared of a notification, and the checks of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from importlib import import_module
from typing import Any, Literal, get_args, get_type_hints

from cronsim import CronSim, CronSimError

from m2s_orchestration.errors import BadDeclaration
from m2s_orchestration.framework.decision import Decision
from m2s_orchestration.framework.occurrence import Occurrence, latest_occurrence, occurrence_at
from m2s_orchestration.framework.parameters import Parameters
from m2s_orchestration.postgres import Statement, statements

InDoubt = Literal["hold", "resend_same_bytes", "auto"]
# (rows, occurrence, club, parameters) -> decision, each of the notification's own types.
Evaluate = Callable[[Any, Occurrence, Any, Any], Decision]


@dataclass(frozen=True)
class Pod:
    """What the run's pod is given on Kubernetes: what it asks for, and the most it may have.

    The defaults are measured: docs/kubernetes.md has the figures, beside those of the CronJobs.
    """

    memory: tuple[str, str] = ("160Mi", "256Mi")
    cpu: tuple[str, str] = ("100m", "500m")


@dataclass(frozen=True)
class Notification:
    """Something the club sends on a schedule, declared once in its own folder.

    Job, schedule, partitions, lease, page in the UI and command are derived from it. `in_time` is
    how long after its tick the mail may still go; `deadline` is how long a run may take; `rows` is
    a dataclass whose fields are named as the statements of `query.sql`, each a tuple of row types.
    """

    package: str
    cron: str
    in_time: timedelta
    deadline: timedelta
    rows: type
    evaluate: Evaluate
    parameters: type[Parameters] = Parameters
    pod: Pod = Pod()
    in_doubt: InDoubt = "hold"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", self.name):
            raise BadDeclaration(f"{self.name!r} is no name for a notification: use snake_case.")
        try:
            CronSim(self.cron, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise BadDeclaration(
                f"{self.name}: {self.cron!r} is not a schedule: {error}."
            ) from error
        if self.in_time <= timedelta(0) or self.deadline <= timedelta(0):
            raise BadDeclaration(f"{self.name}: in_time and deadline must be longer than nothing.")
        if not self.page:
            raise BadDeclaration(
                f"{self.name}: the docstring of {self.package} is its page; write it."
            )
        missing = self.row_types.keys() - self.queries.keys()
        if missing:
            raise BadDeclaration(f"{self.name}: query.sql lacks {', '.join(sorted(missing))}.")

    @property
    def name(self) -> str:
        """The folder's name, which is the job's, the lease's and the ledger's."""
        return self.package.rpartition(".")[2]

    @property
    def page(self) -> str:
        """What the UI says about it: the folder's docstring."""
        return (sys.modules[self.package].__doc__ or "").strip()

    @property
    def title(self) -> str:
        """The first line of the page."""
        return self.page.splitlines()[0].rstrip(".")

    @cached_property
    def queries(self) -> Mapping[str, Statement]:
        """The statements of `query.sql`."""
        return statements(self.package, "query.sql")

    @cached_property
    def row_types(self) -> Mapping[str, type]:
        """The row type of each query, from the fields of `rows`."""
        return {name: get_args(hint)[0] for name, hint in get_type_hints(self.rows).items()}

    def occurrence_at(self, moment: datetime) -> Occurrence:
        """The occurrence at exactly that moment."""
        return occurrence_at(self.name, self.cron, moment)

    def latest_occurrence(self, now: datetime) -> Occurrence:
        """The occurrence of the latest tick at or before now."""
        return latest_occurrence(self.name, self.cron, now)


def declared_in(package: str) -> Notification:
    """The notification that a package declares."""
    declared = import_module(package).notification
    if not isinstance(declared, Notification):
        raise BadDeclaration(f"{package}.notification is not a Notification.")
    return declared
