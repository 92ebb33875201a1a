"""A run as it is in production, but for the club: its plan is given, and it plays as a puppet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from unittest.mock import patch

from m2s_orchestration.delivery import courier, hand, lease
from m2s_orchestration.delivery.errand import Errand, Round, Route
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import Plan, PlannedMail
from m2s_orchestration.errors import OrchestrationError
from m2s_orchestration.framework import run
from m2s_orchestration.framework.notification import InDoubt
from m2s_orchestration.framework.parameters import Parameters, RunOptions
from m2s_orchestration.framework.planning import Rendering
from m2s_orchestration.framework.report import Report
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.notifications.notify_aging_logsheets import notification
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.faults.machine_puppet import Puppet
from m2s_orchestration_tests.faults.machine_relay import Relay

NAME = notification.name
SETTINGS = Settings.from_environment(
    {"DATABASE_URL": "postgresql://db.example.org/club", "EMAIL_HOST": "smtp.example.org"}
)
# Two occurrences about one period: the schedule's, and one that a person chose the same day.
TICKS = (datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 2, 12, tzinfo=UTC))
PERIOD = "2026-03-02"


class PlayedRun(NotificationRun):
    """`commit` and `email` are the real ones; the decision is: these people hear of the period."""

    def __init__(
        self,
        name: str,
        database: Database,
        *,
        tick: datetime,
        people: Sequence[str],
        in_doubt: InDoubt,
        force: bool = False,
        send_late: bool = False,
    ) -> None:
        ours = replace(notification, in_doubt=in_doubt)
        request = Request(
            occurrence=ours.occurrence_at(tick),
            parameters=Parameters(),
            options=RunOptions(force=force, send_late=send_late),
            wait=timedelta(0),
            due_until=datetime.now(UTC) + timedelta(hours=12),
            is_late=False,
        )
        super().__init__(ours, request, SETTINGS, run_id=name)
        self._database = database
        self._people = people
        self.report: Report | None = None
        self.fault: OrchestrationError | None = None
        self.puppet = Puppet(name, self._play)

    @property
    def lease(self) -> Lease | None:
        """Its lease, as long as it has one."""
        return self._lease

    @property
    def owner(self) -> str:
        return self._lease.owner if self._lease else ""

    @property
    def is_forced(self) -> bool:
        return bool(self._lease and self._lease.is_forced)

    @cached_property
    def rendering(self) -> Rendering:
        return Rendering(messages=())

    def _plan(self) -> Plan:
        tick = self.request.occurrence.moment
        return Plan(
            tick=tick,
            due_until=self.request.due_until,
            periods=(PERIOD,),
            mails=tuple(_mail(person, tick) for person in self._people),
        )

    def _play(self) -> None:
        try:
            self.begin()
            self.commit()
            self.report = self.email()
        except OrchestrationError as fault:
            self.fault = fault
        finally:
            self._end()

    def _end(self) -> None:
        try:
            self.close()
        except OrchestrationError as fault:
            self.fault = self.fault or fault


def _mail(person: str, tick: datetime) -> PlannedMail:
    return PlannedMail(
        period=PERIOD,
        recipient_key=person,
        variant="",
        sender="office@example.org",
        address=f"{person}@example.org",
        message_id=f"<{person}-{tick:%H}@example.org>",
        subject="Something",
        content=b"Subject: Something\r\n\r\nIt is so.\r\n",
        content_digest=person,
    )


def _deliver_here(
    database: Database, lease: Lease, route: Route, delivery_ids: Sequence[int]
) -> Round:
    """One hand, in the puppet's own thread."""
    errand = Errand(database, lease, route, delivery_ids)
    courier._work(errand)
    return errand.round


@contextmanager
def staged(took: Callable[[Puppet, str], None]) -> Iterator[None]:
    """Runs meet the relay in memory, do not wait, and have a heart that never beats by itself."""
    with ExitStack() as stack:
        for where, name, instead in (
            (Relay, "took", staticmethod(took)),
            (hand, "Conversation", Relay),
            (hand, "RECONNECT_AFTER", ()),
            (hand, "TESTIFY_AGAIN_AFTER", (0.0,)),
            (lease, "HEARTBEAT", timedelta(days=1)),
            (run, "deliver", _deliver_here),
        ):
            stack.enter_context(patch.object(where, name, instead, create=name == "took"))
        yield
