"""m2s doctor: whether everything is in place, without sending anything."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from m2s_orchestration.application.commands import COMMANDS
from m2s_orchestration.cli.cutover import faults_of
from m2s_orchestration.club.club import Club
from m2s_orchestration.club.reading import read_club
from m2s_orchestration.delivery.cutover import cutovers
from m2s_orchestration.delivery.lease import leases
from m2s_orchestration.delivery.migrate import require_migrated
from m2s_orchestration.errors import (
    BadSettings,
    ClubFault,
    DatabaseFault,
    DatabaseUnreachable,
    OrchestrationError,
)
from m2s_orchestration.framework.evaluation import read
from m2s_orchestration.framework.mail_server import mail_server
from m2s_orchestration.mail.smtp import check_login
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration.postgres import Database, statements, translated
from m2s_orchestration.settings import Settings, dagster_home

SQL = statements(__package__, "doctor.sql")

SKEW_WARNED = 60.0  # seconds
NEED_THE_DATABASE = {"clock", "ledger", "rights", "club", "queries", "moving over"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    is_well: bool
    detail: str


@click.command()
def doctor() -> None:
    """Check database, ledger, rights, mail server, time zone, clock and schedules. Sends nothing.

    Exit status: 0 all is well, 1 something is not, 2 the settings are wrong.
    """
    settings = Settings.from_environment()
    findings = list(examine(settings))
    for finding in findings:
        mark = (
            click.style("well ", fg="green") if finding.is_well else click.style("fault", fg="red")
        )
        click.echo(f"{mark}  {finding.subject}: {finding.detail}")
    if not all(finding.is_well for finding in findings):
        sys.exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at one thing after the other; only a database that is away hides what needs it."""
    database = Database(settings.database)
    checks: dict[str, Callable[[], str]] = {
        "database": lambda: _database(database),
        "clock": lambda: _clock(database),
        "ledger": lambda: _ledger(database),
        "rights": lambda: _rights(database),
        "club": lambda: _club(database, settings),
        "queries": lambda: _queries(database, settings),
        "mail server": lambda: _mail_server(settings),
        "schedules": _schedules,
        "moving over": lambda: _moving_over(database),
        "application": lambda: _application(settings),
    }
    is_away = False
    for subject, check in checks.items():
        if is_away and subject in NEED_THE_DATABASE:
            continue
        try:
            yield Finding(subject, is_well=True, detail=check())
        except OrchestrationError as fault:
            is_away = is_away or isinstance(fault, DatabaseUnreachable)
            yield Finding(subject, is_well=False, detail=str(fault))


def _database(database: Database) -> str:
    with database.connect("doctor") as connection, translated():
        version, is_replica, name = SQL["server"].run(connection)[0]
    if is_replica:
        raise DatabaseFault(f"{name} is a replica, which lags behind: name the primary server.")
    return f"PostgreSQL {version}, database {name}"


def _clock(database: Database) -> str:
    with database.connect("doctor") as connection, translated():
        (there,) = SQL["clock"].run(connection)[0]
    skew = abs((datetime.now(UTC) - there).total_seconds())
    if skew > SKEW_WARNED:
        raise DatabaseFault(
            f"this machine's clock and the database's are {skew:.0f} s apart: set them right;"
            " leases follow the database's, schedules this machine's."
        )
    return f"{skew:.1f} s apart from the database's"


def _ledger(database: Database) -> str:
    with database.connect("doctor") as connection:
        require_migrated(connection)
    return "up to date"


def _rights(database: Database) -> str:
    with database.connect("doctor") as connection, translated():
        missing = [f"{right} on {table}" for table, right in SQL["missing_rights"].run(connection)]
    if missing:
        raise DatabaseFault(f"the database role lacks {', '.join(missing)}: grant it.")
    return "the database role may do all that runs do"


def _club(database: Database, settings: Settings) -> str:
    with database.connect("doctor") as connection, translated():
        club = read_club(connection, settings)
    if not any(map(club.is_active, club.members.values())):
        raise ClubFault(
            f"{club.name} has {len(club.members)} members and none of active status: is this the"
            " club's database?"
        )
    return _described(club)


def _described(club: Club) -> str:
    active = sum(map(club.is_active, club.members.values()))
    return (
        f"{club.name}, {active} active of {len(club.members)} members, time zone {club.zone.key},"
        f" mail from {club.sender.address}, links to {club.origin}"
    )


def _queries(database: Database, settings: Settings) -> str:
    with database.connect("doctor") as connection:
        for notification in NOTIFICATIONS:
            read(
                notification,
                connection,
                occurrence=notification.latest_occurrence(datetime.now(UTC)),
                settings=settings,
                parameters=notification.parameters(),
            )
    return f"all {len(NOTIFICATIONS)} notifications can read what they need"


def _mail_server(settings: Settings) -> str:
    check_login(mail_server(settings))
    smtp = settings.smtp
    login = f" as {smtp.user}" if smtp.user else " without login"
    return f"{smtp.host}:{smtp.port} lets us in{login}, encryption {smtp.encryption}"


def _schedules() -> str:
    running = _running_schedules()
    if running is None:
        return "DAGSTER_HOME is not set: runs started here are kept nowhere"
    return f"switched on: {', '.join(sorted(running)) or 'none'}"


def _running_schedules() -> set[str] | None:
    """The schedules and sensors that are switched on; None where no instance is configured."""
    if not dagster_home():
        return None
    # Dagster takes a second to import: only this needs it.
    from m2s_orchestration.framework.execution import open_instance

    with open_instance() as instance:
        states = instance.all_instigator_state()
        return {state.instigator_name for state in states if state.is_running}


def _moving_over(database: Database) -> str:
    with database.connect("doctor") as connection:
        moved = cutovers(connection)
    rows, running = leases(database), _running_schedules()
    if faults := list(faults_of(moved, rows, NOTIFICATIONS, running)):
        raise DatabaseFault("; ".join(faults) + ".")
    ours = [name for name, found in moved.items() if found.is_ours]
    return f"moved over from its CronJob: {', '.join(ours) or 'none'}"


def _application(settings: Settings) -> str:
    running = _running_schedules() or set()
    image, begun_with = settings.application_image, " ".join(settings.application_command)
    if image:
        return f"its commands run in pods of {image}"
    if begun_with:
        return f"its commands are begun with {begun_with}"
    if switched_on := [item.name for item in COMMANDS if item.schedule_name in running]:
        raise BadSettings(
            f"{', '.join(switched_on)} is switched on and cannot run: set APPLICATION_IMAGE or"
            " APPLICATION_COMMAND."
        )
    return "its commands are not run here"
