"""What may be declared of a notification, and the checks of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from typing import Any, Literal, get_args, get_type_hints

from m2s_orchestration.errors import BadDeclaration
from m2s_orchestration.framework.decision import Decision
from m2s_orchestration.framework.declaration import check, page_of, title_of
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
class Predecessor:
    """The web application's command that a notification takes over from, by the same name.

    `takes_lock` is false where it never looks at `cronjob_locks`: no row keeps it out. With
    `period_of`, its notices prove its mail: `evidence.sql` finds them, and this says which period a
    run of that occurrence told of.
    """

    takes_lock: bool = True
    period_of: Callable[[Occurrence, Any], str] | None = None


@dataclass(frozen=True)
class Notification:
    """Something the club sends on a schedule, declared once in its own folder.

    Job, schedule, partitions, lease, page in the UI and command are derived from it. `in_time` is
    how long after its tick the mail may still go; `deadline` is how long a run may take; `rows` is
    a dataclass whose fields are named as the statements of `query.sql`, each a tuple of row types;
    `office` is who in the club answers for it, such as `instructors`;
    `replaces` tells of the CronJob before it, if there was one.
    """

    package: str
    cron: str
    in_time: timedelta
    deadline: timedelta
    rows: type
    evaluate: Evaluate
    office: str
    parameters: type[Parameters] = Parameters
    pod: Pod = Pod()
    in_doubt: InDoubt = "hold"
    replaces: Predecessor | None = None

    def __post_init__(self) -> None:
        check(self.package, self.cron)
        if not re.fullmatch(r"[a-z][a-z_]*", self.office):
            raise BadDeclaration(f"{self.name}: {self.office!r} is no office: use snake_case.")
        if self.in_time <= timedelta(0) or self.deadline <= timedelta(0):
            raise BadDeclaration(f"{self.name}: in_time and deadline must be longer than nothing.")
        missing = self.row_types.keys() - self.queries.keys()
        if missing:
            raise BadDeclaration(f"{self.name}: query.sql lacks {', '.join(sorted(missing))}.")
        if self.replaces and self.replaces.period_of and "evidence" not in self.evidence:
            raise BadDeclaration(f"{self.name}: evidence.sql has no statement `evidence`.")

    @property
    def name(self) -> str:
        """The folder's name, which is the job's, the lease's and the ledger's."""
        return self.package.rpartition(".")[2]

    @property
    def page(self) -> str:
        """What the UI says about it: the folder's docstring."""
        return page_of(self.package)

    @property
    def title(self) -> str:
        """The first line of the page."""
        return title_of(self.package)

    @property
    def schedule_name(self) -> str:
        """What its schedule's switch in the UI is called."""
        return f"{self.name}_schedule"

    @cached_property
    def queries(self) -> Mapping[str, Statement]:
        """The statements of `query.sql`."""
        return statements(self.package, "query.sql")

    @cached_property
    def changes(self) -> Mapping[str, Statement]:
        """The statements of `changes.sql`; none where the notification changes nothing."""
        has_changes = files(self.package).joinpath("changes.sql").is_file()
        return statements(self.package, "changes.sql") if has_changes else {}

    @cached_property
    def evidence(self) -> Mapping[str, Statement]:
        """The statement of `evidence.sql`: what the command before this job left behind."""
        return statements(self.package, "evidence.sql")

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
