"""Runs one of our notifications on a known club, up to its commit, which is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from psycopg.sql import SQL, Identifier

from m2s_orchestration.delivery.lease import Lease
from m2s_orchestration.delivery.ledger import Plan, record
from m2s_orchestration.errors import BadParameter
from m2s_orchestration.framework.evaluation import evaluate
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.parameters import checked
from m2s_orchestration.framework.planning import RenderedMessage, make_plan, render_messages
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration_tests.acceptance import seen
from m2s_orchestration_tests.acceptance.clubs import Case, KnownClub
from m2s_orchestration_tests.acceptance.seen import Calendar, Seen, SeenMail, SeenNotices, SeenRows

NOTICES = "notifications_notification"
# The command has another name than its lock, and the job is called after the lock.
RENAMED = {"cleanup_applications_cronjob": "cleanup_approved_applications"}
# The lease's own table: a run comes and goes there.
NOT_LOOKED_AT = ("cronjob_locks",)

TABLES = """
SELECT table_name FROM information_schema.columns
JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND column_name = 'id'
  AND data_type IN ('integer', 'bigint')
ORDER BY table_name
"""

Snapshot = Mapping[str, Mapping[int, str]]


def observe(case: Case, known: KnownClub) -> Seen:
    """What ours did at the case's moment; the club is afterwards as it was."""
    notification = notification_named(RENAMED.get(case.job, case.job))
    try:
        parameters = checked(notification.parameters, case.values)
    except BadParameter:
        return Seen(refused=True)
    occurrence = notification.occurrence_at(case.moment)
    evaluation = evaluate(
        notification,
        known.connection,
        occurrence=occurrence,
        settings=known.settings,
        parameters=parameters,
    )
    rendering = render_messages(
        notification, occurrence, evaluation, known.settings, dated=case.moment
    )
    plan = make_plan(notification, occurrence, evaluation, rendering, due_until=case.moment)
    changes = _record(notification, plan, known)
    return replace(changes, mails=frozenset(_mail(item, known) for item in rendering.messages))


def _record(notification: Notification, plan: Plan, known: KnownClub) -> Seen:
    """What the commit does to the rows of the club, which is then taken back."""
    connection = known.connection
    lease = Lease(
        Database(known.settings.database),
        notification=notification.name,
        run_id="known-clubs",
        deadline=notification.deadline,
    )
    lease.acquire(wait=timedelta(0))
    try:
        with connection.transaction(force_rollback=True):
            before = _snapshot(connection)
            record(connection, lease, plan)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            after = _snapshot(connection)
            return Seen(
                notices=_notices(connection, before[NOTICES], after[NOTICES]),
                rows=_rows(before, after),
            )
    finally:
        lease.release()


def _snapshot(connection: Connection) -> Snapshot:
    """A digest of every row of the club's tables."""
    tables = [name for (name,) in connection.execute(TABLES) if name not in NOT_LOOKED_AT]
    return {
        table: dict(
            connection.execute(
                SQL("SELECT id, md5(t::text) FROM {} AS t").format(Identifier(table))
            ).fetchall()
        )
        for table in tables
    }


def _rows(before: Snapshot, after: Snapshot) -> dict[str, SeenRows]:
    pairs = {table: (before[table], after[table]) for table in before if table != NOTICES}
    return {
        table: SeenRows(
            created=len(now.keys() - was.keys()),
            changed=sum(was[id] != now[id] for id in was.keys() & now.keys()),
            deleted=frozenset(was.keys() - now.keys()),
        )
        for table, (was, now) in pairs.items()
        if was != now
    }


def _notices(
    connection: Connection, before: Mapping[int, str], after: Mapping[int, str]
) -> SeenNotices:
    statement = "SELECT id, user_id, url, message FROM notifications_notification"
    rows = {id: tuple(rest) for id, *rest in connection.execute(statement)}
    changed = [id for id in before.keys() & after.keys() if before[id] != after[id]]
    return SeenNotices(
        created=Counter(
            (user_id, url, seen.first_number(text))
            for user_id, url, text in (rows[id] for id in after.keys() - before.keys())
        ),
        changed=Counter(seen.first_number(rows[id][2]) for id in changed),
        deleted=Counter(before.keys() - after.keys()),
    )


def _mail(item: RenderedMessage, known: KnownClub) -> SeenMail:
    """The mail as it would go out; both of its parts must tell the same."""
    content = message_from_bytes(item.mail.content, policy=policy.default)
    assert isinstance(content, EmailMessage)
    subject = str(content["Subject"])
    text, html = _part(content, "plain"), _part(content, "html")
    names = {member.id: member.display_name for member in known.club.members.values()}
    read_html = seen.text_of(html)
    links = seen.paths(seen.LINK.findall(text))
    same = (
        seen.dates(text) == seen.dates(read_html),
        seen.named(text, names) == seen.named(read_html, names),
        links == seen.paths(seen.TARGET.findall(html)),
    )
    if not all(same):
        raise AssertionError(f"the parts of {subject!r} to {content['To']} tell different things")
    return SeenMail(
        to=(item.mail.address,),
        numbers=seen.numbers(subject),
        members=seen.named(text, names),
        dates=seen.dates(f"{subject}\n{text}"),
        links=links,
        calendars=tuple(sorted(_calendar(part) for part in content.iter_attachments())),
    )


def _part(content: EmailMessage, kind: str) -> str:
    part = content.get_body((kind,))
    if part is None:
        raise AssertionError(f"{content['Subject']!r} has no {kind} part")
    return str(part.get_content())


def _calendar(part: object) -> Calendar:
    assert isinstance(part, EmailMessage)
    lines = part.get_content().replace("\r\n ", "").splitlines()
    found = dict(line.partition(":")[::2] for line in lines)
    values = {name.partition(";")[0].lower(): value for name, value in found.items()}
    named = {name: values.get(name, "") for name in ("dtstart", "dtend", "summary")}
    return tuple(sorted({"filename": part.get_filename() or "", **named}.items()))
