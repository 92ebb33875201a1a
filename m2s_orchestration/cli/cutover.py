"""m2s cutover: moves a notification over from its CronJob, or back; without --yes it only tells."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import click

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.cli.person import person
from m2s_orchestration.cli.table import print_table
from m2s_orchestration.delivery.cutover import (
    Cutover,
    Moved,
    cutovers,
    move,
    move_back,
    require_moved,
    until_free,
)
from m2s_orchestration.delivery.lease import HeldLease, holder, leases
from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import BadParameter, LeaseHeld, UnlawfulCutover
from m2s_orchestration.framework.cutover import Prospect, move_over, prospect
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.occurrence import KEY_FORMAT
from m2s_orchestration.mail.filters import plural
from m2s_orchestration.notifications import NOTIFICATIONS, notification_named
from m2s_orchestration.postgres import Connection, Database
from m2s_orchestration.settings import Settings

SHOWN_PERIODS = 5


@click.command()
@click.argument("notification", required=False)
@click.option("--back", is_flag=True, help="Give it back to the web application.")
@click.option(
    "--from",
    "first",
    default="",
    metavar="OCCURRENCE",
    help="The first occurrence that is ours, such as 2026-03-02-08:00. Default: the next one.",
)
@click.option(
    "--wait",
    default=0,
    type=click.IntRange(0, 3600),
    help="Seconds to wait for a run that is under way.",
)
@click.option("--yes", is_flag=True, help="Do it. Without it nothing is changed.")
def cutover(notification: str | None, back: bool, first: str, wait: int, yes: bool) -> None:
    """Move NOTIFICATION over from its CronJob, or back; without a name, list what has moved.

    Suspend the CronJob before; docs/moving-over.md has every step. Without --yes it only tells what
    it would do. Exit status: 0 done or told, 2 it cannot be done, 75 somebody runs it now.
    """
    if notification is None and (back or first or yes):
        raise BadParameter("Name the notification that is to be moved: `m2s cutover` lists them.")
    settings = Settings.from_environment()
    database = Database(settings.database)
    with database.connect("cutover") as connection:
        require_migrated(connection)
        if notification is None:
            _list(cutovers(connection), leases(database))
            return
        chosen, waiting = _named(notification), timedelta(seconds=wait)
        if back:
            _back(connection, chosen, waiting, yes=yes)
            return
        found = prospect(chosen, connection, settings=settings, first=first, now=datetime.now(UTC))
        if found.has_moved:
            _mend(connection, found, waiting, yes=yes)
            return
        for line in _told(found):
            click.echo(line)
        if not yes:
            _end_rehearsal(found.held)
            return
        _over(connection, chosen, settings, first=first, wait=waiting)


def _named(name: str) -> Notification:
    if name in {command.name for command in COMMANDS}:
        raise UnlawfulCutover(
            f"{name} stays the web application's own command and takes its own lock here too:"
            f" suspend its CronJob and switch {name}_schedule on."
        )
    return notification_named(name)


def _list(moved: Mapping[str, Cutover], rows: Iterable[HeldLease]) -> None:
    held = {row.notification: row for row in rows}
    print_table(
        ("notification", "whose", "from", "since (UTC)", "by", "imported", "row in cronjob_locks"),
        [
            (item.name, *_state(moved.get(item.name)), _row(held.get(item.name)))
            for item in NOTIFICATIONS
        ],
    )


def _state(found: Cutover | None) -> tuple[object, ...]:
    if found is None:
        return ("not moved", "", "", "", "")
    if found.back_at:
        return ("the web application's", "", _minute(found.back_at), found.back_by, found.imported)
    since = _minute(found.moved_at)
    return ("ours", _key(found.effective_from), since, found.moved_by, found.imported)


def _row(row: HeldLease | None) -> str:
    if row is None:
        return "none"
    if row.is_tombstone:
        return "tombstone"
    return f"held by {row.owner}" if row.is_live else f"left by {row.owner}"


def _over(
    connection: Connection,
    notification: Notification,
    settings: Settings,
    *,
    first: str,
    wait: timedelta,
) -> None:
    def attempt() -> tuple[Prospect, Moved]:
        # Anew each time: a tick may have passed while we waited.
        return move_over(
            notification,
            connection,
            settings=settings,
            first=first,
            person=person(),
            now=datetime.now(UTC),
        )

    found, moved = until_free(attempt, wait=wait)
    click.echo(
        f"Moved: it is ours from {_key(found.effective_from)} on, and"
        f" {plural(moved.imported, 'message')} of before are recorded as sent. Switch on"
        f" {notification.schedule_name}; leave the CronJob suspended."
    )


def _told(found: Prospect) -> Iterator[str]:
    before = _key(found.before)
    yield f"{found.notification.name}, from its CronJob to this system"
    yield f"  first occurrence of ours: {_key(found.effective_from)}"
    yield f"  the CronJob's: {before} and all before it (if it did not run then: --from {before})"
    yield f"  mail sent before: {_evidence(found)}"
    if found.predecessor.takes_lock:
        yield "  the old command: finds its lock held, unless somebody starts it with --force"
    else:
        yield "  the old command: takes no lock; only the suspended CronJob keeps it from sending"


def _evidence(found: Prospect) -> str:
    if found.predecessor.period_of is None:
        return "the old command leaves no proof of it; nothing to record"
    if not found.told:
        return "the old command left no notice; nothing to record"
    periods = sorted(Counter(item.period for item in found.told).items())
    latest = ", ".join(f"{period} ({count})" for period, count in periods[-SHOWN_PERIODS:])
    return (
        f"{plural(len(found.told), 'notice')} of the old command to record as sent, by period:"
        f" {'… ' if len(periods) > SHOWN_PERIODS else ''}{latest}"
    )


def _mend(connection: Connection, found: Prospect, wait: timedelta, *, yes: bool) -> None:
    """It has moved already: see to its tombstone."""
    current, name = found.current, found.notification.name
    assert current is not None
    if found.asked_for not in {None, current.effective_from}:
        raise BadParameter(
            f"{name} has moved over and is ours from {_key(current.effective_from)} on: take it"
            " back (--back) before you say another --from."
        )
    click.echo(
        f"{name} moved over at {_minute(current.moved_at)} UTC by {current.moved_by}; it is ours"
        f" from {_key(current.effective_from)} on."
    )
    if not yes:
        click.echo("With --yes its tombstone is put back, should it be missing.")
        return
    effective_from = current.effective_from

    def attempt() -> Moved:
        return move(connection, notification=name, effective_from=effective_from, person=person())

    until_free(attempt, wait=wait)
    click.echo("Its tombstone is in its place.")


def _back(
    connection: Connection, notification: Notification, wait: timedelta, *, yes: bool
) -> None:
    name = notification.name
    if not yes:
        require_moved(connection, name)
        click.echo(
            f"{name}, back to its CronJob\n"
            "  the tombstone is taken away, and occurrences from now on are the web application's\n"
            "  mail of ours that is recorded and not out stays ours to send\n"
            "  resume the CronJob with a starting deadline, as docs/moving-over.md says"
        )
        _end_rehearsal(holder(connection, name))
        return
    until_free(lambda: move_back(connection, notification=name, person=person()), wait=wait)
    click.echo(
        f"Moved back: {name} is the web application's, and runs of it here only rehearse. Switch"
        f" {notification.schedule_name} off."
    )


def _end_rehearsal(held: HeldLease | None) -> None:
    click.echo("Nothing was changed: say --yes to do it.")
    if held:
        raise LeaseHeld(
            f"{held.notification} is held by {held.owner} until {held.until:%Y-%m-%d %H:%M:%S} UTC:"
            " wait for that run to end (--wait SECONDS does)."
        )


def faults_of(
    moved: Mapping[str, Cutover],
    rows: Iterable[HeldLease],
    notifications: Iterable[Notification],
    running: Collection[str] | None,
) -> Iterator[str]:
    """What is not as a move left it; `running` are the schedules that are on, None if unknown."""
    kept = {row.notification for row in rows if row.is_out_of_reach}
    for notification in notifications:
        name, found = notification.name, moved.get(notification.name)
        if found is None:
            continue
        if found.is_ours and name not in kept:
            yield (
                f"{name} has moved over and its row in cronjob_locks does not keep the old command"
                f" out: `m2s cutover {name} --yes` puts it back"
            )
        is_on = None if running is None else notification.schedule_name in running
        if found.is_ours and is_on is False:
            yield f"{name} has moved over and its schedule is off: nobody sends it"
        if not found.is_ours and is_on:
            yield f"{name} went back and its schedule is on: its runs only rehearse"


def _key(moment: datetime) -> str:
    return moment.strftime(KEY_FORMAT)


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
