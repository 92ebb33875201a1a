"""One run of a notification, step by step, without Dagster: what the four ops do.

Each step does the one before it again if this process has not: a re-execution that begins at a
later step finds what it needs in the club's database, and nothing personal is handed on in files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property

from m2s_orchestration.delivery import administration, ledger
from m2s_orchestration.delivery.administration import Delivery
from m2s_orchestration.delivery.courier import deliver
from m2s_orchestration.delivery.cutover import whose
from m2s_orchestration.delivery.errand import Round, Route
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import Recorded
from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import DatabaseFault, IncompleteDelivery, LeaseHeld, LeaseLost
from m2s_orchestration.framework.decision import Artifact
from m2s_orchestration.framework.evaluation import Evaluation, Reading, read
from m2s_orchestration.framework.mail_server import mail_server
from m2s_orchestration.framework.mails_page import mails_page
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import KEY_FORMAT
from m2s_orchestration.framework.planning import Rendering, channel_of, make_plan, render_messages
from m2s_orchestration.framework.report import Report, after_round, report_of
from m2s_orchestration.framework.request import Request
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings

LONGEST_IN_HOURS = 48
RELAY_REMEMBERS = timedelta(hours=24)


class NotificationRun:
    """The steps of one run, under one lease. `close` it whatever happens."""

    def __init__(
        self, notification: Notification, request: Request, settings: Settings, *, run_id: str
    ) -> None:
        self.notification = notification
        self.request = request
        self.settings = settings
        self.run_id = run_id
        self.recorded: Recorded | None = None
        self._database = Database(settings.database)
        self._lease: Lease | None = None

    @cached_property
    def rehearsal(self) -> str:
        """Why nothing is recorded or sent; empty for a real run.

        An occurrence that is too old, or the web application's, is only looked at, unless it was
        decided and some of its mail may still go.
        """
        if self.request.options.dry_run:
            return "asked for by dry_run"
        why = self._why_late() if self.request.is_late else self._why_not_ours()
        return "" if why and self._is_under_way() else why

    def _why_late(self) -> str:
        hours = self.notification.in_time / timedelta(hours=1)
        spoken = f"{hours / 24:g} days" if hours > LONGEST_IN_HOURS else f"{hours:g} hours"
        return (
            f"because {self.request.occurrence.key} is older than the {spoken} within which this"
            " mail may go (send_late: true sends it all the same)"
        )

    def _why_not_ours(self) -> str:
        moment = self.request.occurrence.moment
        with self._database.connect("begin") as connection:
            cutover = whose(connection, notification=self.notification.name, tick=moment)
        if cutover is None:
            return ""
        if cutover.back_at and moment >= cutover.back_at:
            return (
                f"because {self.notification.name} went back to the web application at"
                f" {cutover.back_at:%Y-%m-%d %H:%M} UTC (`m2s cutover` moves it over again)"
            )
        return (
            f"because {self.request.occurrence.key} is the web application's:"
            f" {self.notification.name} moved over at {cutover.moved_at:%Y-%m-%d %H:%M} UTC and is"
            f" ours from {cutover.effective_from.strftime(KEY_FORMAT)} on"
        )

    def begin(self) -> None:
        """Take the lease, once per run. Raises LeaseHeld; a rehearsal takes none."""
        if self._lease or self.rehearsal:
            return
        with self._database.connect("begin") as connection:
            require_migrated(connection)
        lease = Lease(
            self._database,
            notification=self.notification.name,
            run_id=self.run_id,
            deadline=self.notification.deadline,
        )
        self._lease = lease
        try:
            lease.acquire(wait=self.request.wait, force=self.request.options.force)
        except LeaseHeld:
            lease.release()
            self._lease = None
            raise

    @property
    def found(self) -> Mapping[str, int]:
        """How much the decision looked at."""
        if self.rehearsal:
            return self.evaluation.decision.found
        return self.recorded.found if self.recorded else {}

    @property
    def contention(self) -> tuple[bool, float]:
        """Whether somebody else held the lease, and how long it took to get it."""
        return (self._lease.was_contended, self._lease.waited) if self._lease else (False, 0.0)

    def close(self) -> None:
        """Give the lease back."""
        if self._lease:
            self._lease.release()
            self._lease = None

    @cached_property
    def reading(self) -> Reading:
        """Step one: what the club's database says."""
        with self._database.connect(f"query {self.notification.name}") as connection:
            return read(
                self.notification,
                connection,
                occurrence=self.request.occurrence,
                settings=self.settings,
                parameters=self.request.parameters,
            )

    @cached_property
    def evaluation(self) -> Evaluation:
        """Step two: what follows from it."""
        reading = self.reading
        decision = self.notification.evaluate(
            reading.rows, self.request.occurrence, reading.club, self.request.parameters
        )
        return Evaluation(club=reading.club, rows=reading.rows, decision=decision)

    @cached_property
    def rendering(self) -> Rendering:
        """Every message as it would go out."""
        return render_messages(
            self.notification,
            self.request.occurrence,
            self.evaluation,
            self.settings,
            dated=datetime.now(UTC).replace(microsecond=0),
        )

    def commit(self) -> Recorded:
        """Step three: record the decision, if this occurrence has none."""
        lease = self._held_lease
        with self._database.connect(f"commit {self.notification.name}") as connection:
            found = ledger.find(
                connection,
                notification=self.notification.name,
                tick=self.request.occurrence.moment,
            )
            self.recorded = found or ledger.record(connection, lease, self._plan())
        return self.recorded

    def email(self) -> Report:
        """Step four: send what the ledger says is unsent. Takes nothing from the steps before."""
        lease = self._held_lease
        with self._database.connect(f"email {self.notification.name}") as connection:
            recorded = self.recorded = self.recorded or ledger.find(
                connection,
                notification=self.notification.name,
                tick=self.request.occurrence.moment,
            )
            if recorded is None:
                raise IncompleteDelivery(
                    f"{self.request.occurrence.key} is not decided: run it from its first step."
                )
            channel = channel_of(self.settings)
            before = ledger.tally(connection, lease, recorded, channel=channel)
            swept = ledger.sweep(connection, lease)
            self._reopen(connection, lease, recorded)
            waiting = ledger.unsent(connection, lease, recorded, channel=channel)
        # No connection is held meanwhile: sending takes its time, and an idle one may be cut.
        sent = deliver(self._database, lease, self._route(), waiting) if waiting else Round()
        after = self._settled(lease, recorded, sent, before)
        unmade = self.rendering.unmade if recorded.is_new else ()
        return report_of(
            recorded,
            sent,
            before=before,
            after=after,
            swept=swept,
            unmade=next(iter(unmade), None),
        )

    def _settled(
        self, lease: Lease, recorded: Recorded, sent: Round, before: Mapping[str, int]
    ) -> dict[str, int]:
        """What the ledger has after the round; if it is away, what the round itself knows."""
        channel = channel_of(self.settings)
        try:
            with self._database.connect(f"email {self.notification.name}") as connection:
                try:
                    ledger.close(connection, lease, recorded)
                except LeaseLost as lost:
                    sent.fault = sent.fault or lost
                return ledger.tally(connection, lease, recorded, channel=channel)
        except DatabaseFault as fault:
            sent.fault = sent.fault or fault
            return after_round(before, sent)

    def rehearse(self) -> Report:
        """What a real run would do, as figures."""
        decision = self.evaluation.decision
        return Report(
            outcome="rehearsal",
            planned=len(self.rendering.messages),
            skipped=len(decision.passed_over) + len(self.rendering.passed_over),
            notices=len(decision.notices),
            changes=len(decision.changes),
        )

    def deliveries(self, *, most: int) -> list[Delivery]:
        """What the ledger has of this occurrence's mail."""
        found = self.recorded
        if found is None or (
            found.is_new and not found.planned + found.told_before + found.skipped
        ):
            return []
        return administration.of_occurrence(self._database, found.occurrence_id, limit=most)

    def mails_page(self) -> Artifact:
        """Every mail of this decision as its reader sees it."""
        return mails_page(
            self.notification, self.request.occurrence, self.evaluation.club, self.rendering
        )

    def _is_under_way(self) -> bool:
        with self._database.connect("begin") as connection:
            return ledger.is_under_way(
                connection,
                notification=self.notification.name,
                tick=self.request.occurrence.moment,
            )

    @property
    def _held_lease(self) -> Lease:
        if self._lease is None:
            raise RuntimeError("a run commits and sends only after begin()")
        return self._lease

    def _plan(self) -> ledger.Plan:
        return make_plan(
            self.notification,
            self.request.occurrence,
            self.evaluation,
            self.rendering,
            due_until=self.request.due_until,
        )

    def _reopen(self, connection: Connection, lease: Lease, recorded: Recorded) -> None:
        if self.request.options.send_late:
            ledger.allow_late(
                connection,
                lease,
                recorded,
                in_time=self.notification.in_time,
            )
        within = resends_within(self.notification, self.settings)
        if within:
            policy = self.notification.in_doubt
            ledger.resend_in_doubt(connection, lease, recorded, policy=policy, within=within)

    def _route(self) -> Route:
        return Route(mail_server(self.settings), connections=self.settings.connections)


def resends_within(notification: Notification, settings: Settings) -> timedelta | None:
    """For how long a message in doubt may be offered once more; None if never by a machine."""
    if notification.in_doubt == "resend_same_bytes":
        return notification.in_time
    if notification.in_doubt == "auto" and settings.smtp.idempotency_header:
        return RELAY_REMEMBERS
    return None
