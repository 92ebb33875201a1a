"""One run of a notification, step by step, without Dagster: what the four ops do.

Each step does the one before it again if this process has not: a re-execution that begins at a
later step finds what it needs in the club's database, and nothing personal is handed on in files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import cached_property

from m2s_orchestration.delivery import ledger
from m2s_orchestration.delivery.courier import Round, Route, deliver
from m2s_orchestration.delivery.ledger import Recorded
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import BadParameter, IncompleteDelivery, LeaseHeld, OrchestrationError
from m2s_orchestration.framework.evaluation import Evaluation, Reading, read
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import Occurrence, parse_key, parse_moment
from m2s_orchestration.framework.parameters import Parameters, RunOptions, checked
from m2s_orchestration.framework.planning import Rendering, make_plan, render_messages
from m2s_orchestration.mail.smtp import MailServer
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings

# Longer than a dead holder's term, so that the run after it finds the lease free.
SCHEDULED_WAIT = timedelta(seconds=90)
# Clocks differ a little; a moment further ahead than this lies in the future.
AHEAD = timedelta(minutes=5)
RELAY_REMEMBERS = timedelta(hours=24)
OPEN_STATES = ("planned", "retry", "sending", "unknown")


@dataclass(frozen=True)
class Request:
    """What a run was asked for, checked."""

    occurrence: Occurrence
    parameters: Parameters
    options: RunOptions
    wait: timedelta
    rehearsal: str = ""  # why nothing is to be recorded or sent; empty for a real run

    @classmethod
    def parse(
        cls,
        notification: Notification,
        values: Mapping[str, object],
        *,
        partition: str | None,
        waits: bool,
        now: datetime,
    ) -> Request:
        """From a run's flat config. Raises BadParameter, naming what is wrong."""
        common = {name: values[name] for name in RunOptions.model_fields.keys() & values.keys()}
        own = {name: value for name, value in values.items() if name not in common}
        options = checked(RunOptions, common)
        occurrence = _occurrence(notification, options, partition, now)
        usual = SCHEDULED_WAIT if waits else timedelta(0)
        return cls(
            occurrence=occurrence,
            parameters=checked(notification.parameters, own),
            options=options,
            wait=usual if options.wait < 0 else timedelta(seconds=options.wait),
            rehearsal=_why_rehearse(notification, occurrence, options, now),
        )


@dataclass(frozen=True)
class Report:
    """What a run came to.

    `planned`, `sent`, `failed`, `expired`, `skipped`, `notices` and `changes` count what this run
    did (a rehearsal: would do); `unknown` and `retry` count what is open now.
    """

    outcome: str
    planned: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    retry: int = 0
    skipped: int = 0
    expired: int = 0
    notices: int = 0
    changes: int = 0
    waiting: int = field(default=0, compare=False)
    fault: OrchestrationError | None = field(default=None, compare=False)

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """The names of its figures, in the order of telling."""
        return tuple(item.name for item in fields(cls) if item.compare and item.type == "int")


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

    def begin(self) -> None:
        """Take the lease, once per run. Raises LeaseHeld; a rehearsal takes none."""
        if self.request.rehearsal or self._lease:
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
            self._lease = None
            raise

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
            recorded = self.recorded or ledger.find(
                connection,
                notification=self.notification.name,
                tick=self.request.occurrence.moment,
            )
            if recorded is None:
                raise IncompleteDelivery(
                    f"{self.request.occurrence.key} is not decided: run it from its first step."
                )
            before = ledger.tally(connection, lease, recorded)
            ledger.sweep(connection, lease)
            self._reopen(connection, lease, recorded)
            waiting = ledger.unsent(connection, lease, recorded)
            sent = deliver(self._database, lease, self._route(), waiting) if waiting else Round()
            ledger.close(connection, lease, recorded)
            after = ledger.tally(connection, lease, recorded)
        return _report(recorded, sent, before, after)

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
            due_until=self._due_until,
        )

    @property
    def _due_until(self) -> datetime:
        late = self.request.options.send_late
        start = datetime.now(UTC) if late else self.request.occurrence.moment
        return start + self.notification.in_time

    def _reopen(self, connection: Connection, lease: Lease, recorded: Recorded) -> None:
        if self.request.options.send_late:
            ledger.allow_late(
                connection,
                lease,
                occurrence_id=recorded.occurrence_id,
                in_time=self.notification.in_time,
            )
        policy = self.notification.in_doubt
        relay_keeps_a_key = self.settings.smtp.idempotency_header is not None
        if policy == "resend_same_bytes":
            within = self.notification.in_time
        elif policy == "auto" and relay_keeps_a_key:
            within = RELAY_REMEMBERS
        else:
            return
        ledger.resend_in_doubt(connection, lease, policy=policy, within=within)

    def _route(self) -> Route:
        return Route(mail_server(self.settings), connections=self.settings.connections)


def mail_server(settings: Settings) -> MailServer:
    """The mail server that the settings name."""
    smtp = settings.smtp
    return MailServer(
        host=smtp.host,
        port=smtp.port,
        encryption=smtp.encryption,
        user=smtp.user,
        password=smtp.password,
        timeout=smtp.timeout,
        idempotency_header=smtp.idempotency_header,
    )


def _report(
    recorded: Recorded, sent: Round, before: Mapping[str, int], after: Mapping[str, int]
) -> Report:
    def gained(state: str) -> int:
        return max(after.get(state, 0) - before.get(state, 0), 0)

    return Report(
        outcome=_outcome(recorded, sent, after, lost=gained("failed") + gained("expired")),
        planned=recorded.planned,
        sent=gained("sent"),
        failed=gained("failed"),
        unknown=after.get("unknown", 0),
        retry=after.get("retry", 0),
        skipped=recorded.skipped,
        expired=gained("expired"),
        notices=recorded.notices,
        changes=recorded.changes,
        waiting=after.get("planned", 0) + after.get("sending", 0),
        fault=sent.fault,
    )


def _outcome(recorded: Recorded, sent: Round, after: Mapping[str, int], *, lost: int) -> str:
    """In one word; a message that failed in this run makes it incomplete, an older one not."""
    if sent.fault or lost or any(after.get(state, 0) for state in OPEN_STATES):
        return "incomplete"
    if sent.results["sent"]:
        return "sent"
    return "nothing_to_send" if recorded.is_new and not recorded.told_before else "already_done"


def _occurrence(
    notification: Notification, options: RunOptions, partition: str | None, now: datetime
) -> Occurrence:
    if options.as_of:
        moment = parse_moment(options.as_of)
    elif partition:
        moment = parse_key(partition)
    else:
        return notification.latest_occurrence(now)
    if moment > now + AHEAD and not options.dry_run:
        raise BadParameter(
            f"{moment:%Y-%m-%d %H:%M} UTC lies in the future: only a rehearsal (dry_run) looks ahead."
        )
    return notification.occurrence_at(moment)


def _why_rehearse(
    notification: Notification, occurrence: Occurrence, options: RunOptions, now: datetime
) -> str:
    if options.dry_run:
        return "asked for by dry_run"
    if now > occurrence.moment + notification.in_time and not options.send_late:
        return (
            f"{occurrence.key} is older than the {notification.in_time} within which this mail may"
            " go; send_late: true sends it all the same"
        )
    return ""
