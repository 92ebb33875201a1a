"""What was decided and what became of each message; the judge of who is told what, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

from m2s_orchestration.delivery.cutover import not_ours
from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.errors import MissingPermission, MissingTable, NotMigrated
from m2s_orchestration.postgres import Connection, Statement, statements, translated

SQL = statements(__package__, "ledger.sql")

# By then the first sender has had its answer or given up waiting for it (ten minutes).
# A channel of its own: what is meant for a member never goes out in dev mode, nor the other way.
EMAIL = "email"
DEV_EMAIL = "dev_email"
TESTIMONY = timedelta(minutes=11)


@dataclass(frozen=True)
class PlannedMail:
    """A message ready to be sent: `content` is its complete RFC 5322 bytes."""

    period: str
    recipient_key: str
    variant: str
    sender: str
    address: str
    message_id: str
    subject: str
    content: bytes = field(repr=False)
    content_digest: str
    channel: str = EMAIL
    only_if: str | None = None


@dataclass(frozen=True)
class PlannedSkip:
    """Somebody who cannot be told, and why."""

    period: str
    recipient_key: str
    variant: str
    reason: str
    only_if: str | None = None


@dataclass(frozen=True)
class PlannedNotice:
    """A row for the in-app notifications; with a token, the member keeps one such row."""

    member_id: int
    period: str
    text: str
    url: str
    token: str | None
    count: int


@dataclass(frozen=True)
class PlannedChange:
    """A conditional change of club data; it took effect if the statement returns a row."""

    key: str
    statement: Statement
    values: Mapping[str, object]


@dataclass(frozen=True)
class Plan:
    """Everything that one transaction records of an occurrence."""

    tick: datetime
    due_until: datetime
    periods: tuple[str, ...]
    mails: tuple[PlannedMail, ...] = ()
    skips: tuple[PlannedSkip, ...] = ()
    notices: tuple[PlannedNotice, ...] = ()
    changes: tuple[PlannedChange, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Recorded:
    """What the recording came to; `is_new` is false where the occurrence was decided before."""

    occurrence_id: int
    periods: tuple[str, ...]
    is_new: bool
    planned: int = 0
    told_before: int = 0
    skipped: int = 0
    notices: int = 0
    changes: int = 0
    found: Mapping[str, int] = field(default_factory=dict)


def record(connection: Connection, lease: Lease, plan: Plan) -> Recorded:
    """Record the decision in one transaction, in the name of the lease, if it is not yet recorded.

    Raises, with nothing recorded, LeaseLost or NotOurs: the lease or the occurrence is not ours.
    """
    with translated(), connection.transaction():
        lease.fence(connection)
        opened = SQL["open_occurrence"].first(
            connection,
            **lease.identity,
            tick=plan.tick,
            periods=list(plan.periods),
            found=Jsonb(dict(plan.found)),
            due_until=plan.due_until,
        )
        if opened is None:
            return _recorded_before(connection, lease, plan)
        return _record_anew(connection, lease, plan, int(opened[0]))


def find(connection: Connection, *, notification: str, tick: datetime) -> Recorded | None:
    """What is recorded of an occurrence, or None."""
    with translated():
        row = SQL["find_occurrence"].first(connection, notification=notification, tick=tick)
    if row is None:
        return None
    return Recorded(occurrence_id=int(row[0]), periods=tuple(row[2]), is_new=False, found=row[3])


def is_under_way(connection: Connection, *, notification: str, tick: datetime) -> bool:
    """Whether the occurrence is decided and some of its mail may still go."""
    try:
        with translated():
            row = SQL["under_way"].first(connection, notification=notification, tick=tick)
    except (NotMigrated, MissingTable, MissingPermission):
        # Without a ledger nothing is under way; a rehearsal needs none.
        return False
    return row is not None


def _recorded_before(connection: Connection, lease: Lease, plan: Plan) -> Recorded:
    if found := find(connection, notification=lease.notification, tick=plan.tick):
        return found
    raise not_ours(lease.notification, plan.tick)


def _record_anew(connection: Connection, lease: Lease, plan: Plan, occurrence_id: int) -> Recorded:
    key = {"occurrence_id": occurrence_id, "notification": lease.notification}
    done = {
        change.key for change in plan.changes if change.statement.run(connection, **change.values)
    }
    mails = [mail for mail in plan.mails if mail.only_if in {None, *done}]
    skips = [skip for skip in plan.skips if skip.only_if in {None, *done}]
    planned = sum(_plan(connection, key, mail, plan.due_until) for mail in mails)
    skipped = sum(
        bool(SQL["skip"].first(connection, **key, **vars(skip), due_until=plan.due_until))
        for skip in skips
    )
    notices = sum(_notify(connection, key, notice) for notice in plan.notices)
    SQL["count_side_effects"].run(
        connection, occurrence_id=occurrence_id, notices=notices, changes=len(done)
    )
    return Recorded(
        occurrence_id=occurrence_id,
        periods=plan.periods,
        is_new=True,
        planned=planned,
        told_before=len(mails) - planned,
        skipped=skipped,
        notices=notices,
        changes=len(done),
        found=plan.found,
    )


def _plan(
    connection: Connection, key: Mapping[str, object], mail: PlannedMail, due_until: datetime
) -> bool:
    values = {name: value for name, value in vars(mail).items() if name != "only_if"}
    return SQL["plan"].first(connection, **key, **values, due_until=due_until) is not None


def _notify(connection: Connection, key: Mapping[str, object], notice: PlannedNotice) -> bool:
    """Write the notice; returns whether any row changed."""
    values = {"member_id": notice.member_id, "text": notice.text, "url": notice.url}
    if notice.token is None:
        first = SQL["note_once"].first(
            connection, **key, period=notice.period, member_id=notice.member_id
        )
        if first is None:
            return False
        return SQL["add_notice"].first(connection, **values) is not None
    kept = SQL["keep_one_notice"].first(connection, **values, token=notice.token)
    if kept is None:
        return SQL["add_notice"].first(connection, **values) is not None
    refreshed = SQL["refresh_notice"].first(
        connection, id=kept[0], text=notice.text, count=notice.count
    )
    return refreshed is not None or int(kept[1]) > 0


@dataclass(frozen=True)
class Swept:
    """How many deliveries of the notification became `unknown` and `expired`."""

    unknown: int = 0
    expired: int = 0


def sweep(connection: Connection, lease: Lease) -> Swept:
    """Put the notification's rows in order before sending: what is in doubt, what is too late.

    A forced run leaves others' rows alone: their sender may be alive. Raises LeaseLost.
    """
    with translated(), connection.transaction():
        lease.fence(connection)
        doubtful = [] if lease.is_forced else SQL["sweep"].run(connection, **lease.identity)
        late = SQL["expire"].run(connection, **lease.identity)
    return Swept(unknown=len(doubtful), expired=len(late))


def resend_in_doubt(
    connection: Connection,
    lease: Lease,
    recorded: Recorded,
    *,
    policy: str,
    within: timedelta,
) -> int:
    """Offer again, once, what went out `within` so long and is in doubt; returns how many.

    Raises LeaseLost.
    """
    if lease.is_forced:
        return 0
    with translated(), connection.transaction():
        lease.fence(connection)
        return len(
            SQL["resend_in_doubt"].run(
                connection,
                **_scope(lease, recorded),
                run_id=lease.run_id,
                policy=policy,
                within=within,
                after=TESTIMONY,
            )
        )


def allow_late(
    connection: Connection, lease: Lease, recorded: Recorded, *, in_time: timedelta
) -> None:
    """What of the occurrence's periods is unsent or expired may go until `in_time` from now."""
    values = {
        **_scope(lease, recorded),
        "due_until": datetime.now(UTC) + in_time,
        "run_id": lease.run_id,
    }
    with translated(), connection.transaction():
        lease.fence(connection)
        SQL["prolong"].run(connection, **values)
        if SQL["reopen_expired"].run(connection, **values, person=f"run {lease.run_id}"):
            SQL["reopen_occurrence"].run(connection, occurrence_id=recorded.occurrence_id)


def unsent(
    connection: Connection, lease: Lease, recorded: Recorded, *, channel: str = EMAIL
) -> Sequence[int]:
    """The deliveries to be offered now, oldest first."""
    with translated():
        rows = SQL["unsent"].run(connection, **_scope(lease, recorded), channel=channel)
    return [int(delivery_id) for (delivery_id,) in rows]


def tally(
    connection: Connection, lease: Lease, recorded: Recorded, *, channel: str = EMAIL
) -> dict[str, int]:
    """How many of the occurrence's deliveries are in each state."""
    with translated():
        rows = SQL["tally"].run(connection, **_scope(lease, recorded), channel=channel)
    return {state: int(count) for state, count in rows}


def close(connection: Connection, lease: Lease, recorded: Recorded) -> bool:
    """Mark the occurrence done if nothing of it is left to send."""
    with translated(), connection.transaction():
        lease.fence(connection)
        return SQL["close_occurrence"].first(connection, **_scope(lease, recorded)) is not None


def _scope(lease: Lease, recorded: Recorded) -> dict[str, object]:
    return {
        "notification": lease.notification,
        "occurrence_id": recorded.occurrence_id,
        "periods": list(recorded.periods),
    }
