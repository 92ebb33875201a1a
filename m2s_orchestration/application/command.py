"""What may be declared of a command of the web application."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from m2s_orchestration.errors import BadDeclaration
from m2s_orchestration.framework.declaration import check, page_of, title_of
from m2s_orchestration.framework.notification import Pod
from m2s_orchestration.postgres import Statement, statements


@dataclass(frozen=True)
class ApplicationCommand:
    """A command of the web application, declared once in its own folder.

    `deadline` is how long it may take, `pod` what its pod gets. A command that drains an outbox has
    `outbox.sql`: it ends with 0 whatever became of the rows, and they tell.
    """

    package: str
    cron: str
    deadline: timedelta
    pod: Pod
    arguments: tuple[str, ...] = ()
    has_outbox: bool = False

    def __post_init__(self) -> None:
        check(self.package, self.cron)
        if self.deadline <= timedelta(0):
            raise BadDeclaration(f"{self.name}: the deadline must be longer than nothing.")
        if self.has_outbox and "outbox" not in self.statements:
            raise BadDeclaration(f"{self.name}: outbox.sql has no statement `outbox`.")

    @property
    def name(self) -> str:
        """The folder's name, which is the command's and the job's."""
        return self.package.rpartition(".")[2]

    @property
    def lease_name(self) -> str:
        """The row of `cronjob_locks` that keeps two of our runs apart.

        Not the command's own: that one it takes itself, and if it found us there, it would do
        nothing and end with 0. It also stays with the command if our run is killed.
        """
        return f"{self.name}@dagster"

    @property
    def schedule_name(self) -> str:
        """What its schedule's switch in the UI is called."""
        return f"{self.name}_schedule"

    @property
    def page(self) -> str:
        """What the UI says about it: the folder's docstring."""
        return page_of(self.package)

    @property
    def title(self) -> str:
        """The first line of the page."""
        return title_of(self.package)

    @cached_property
    def statements(self) -> Mapping[str, Statement]:
        """The statement of `outbox.sql`."""
        return statements(self.package, "outbox.sql")

    def words(self, begun_with: tuple[str, ...]) -> tuple[str, ...]:
        """The whole command line."""
        return (*begun_with, self.name, *self.arguments, "--verbosity=1")
