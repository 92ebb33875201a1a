"""m2s locks: who runs what now."""

import sys

import click

from m2s_orchestration.cli.person import person
from m2s_orchestration.cli.table import print_table
from m2s_orchestration.delivery import lease
from m2s_orchestration.delivery.lease import HeldLease
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings


@click.group(invoke_without_command=True)
@click.pass_context
def locks(context: click.Context) -> None:
    """List the leases, or clear one."""
    if context.invoked_subcommand is None:
        context.invoke(list_leases)


@locks.command("list")
def list_leases() -> None:
    """Every lease in cronjob_locks, the web application's too."""
    found = lease.leases(Database(Settings.from_environment().database))
    if not found:
        click.echo("Nobody holds a lease.")
        return
    print_table(
        ("notification", "owner", "since (UTC)", "until (UTC)", "state"),
        [
            (
                item.notification,
                item.owner,
                f"{item.since:%Y-%m-%d %H:%M:%S}",
                "" if item.is_tombstone else f"{item.until:%Y-%m-%d %H:%M:%S}",
                _state(item),
            )
            for item in found
        ],
    )


def _state(item: HeldLease) -> str:
    if item.is_tombstone:
        return "free for us, held against the old command"
    return "live" if item.is_live else "past its term"


@locks.command()
@click.argument("notification")
@click.option("--force", is_flag=True, help="Clear it although its holder may be alive.")
def clear(notification: str, force: bool) -> None:
    """Remove NOTIFICATION's lease if its term is past.

    A live holder whose lease is cleared by force records and begins nothing more. What has moved
    over from its CronJob keeps a tombstone, so that the old command stays out.
    """
    database = Database(Settings.from_environment().database)
    owner = lease.clear(database, notification=notification, person=person(), force=force)
    if owner:
        click.echo(f"Cleared: {notification} was held by {owner}.")
        return
    rows = lease.leases(database)
    live = [row for row in rows if row.notification == notification and not row.is_tombstone]
    if not live:
        click.echo(f"Nobody holds {notification}.")
        return
    click.echo(
        f"m2s: {notification} is held by {live[0].owner} until {live[0].until:%H:%M:%S} UTC and its"
        " holder may be alive: wait until then, or say --force.",
        err=True,
    )
    sys.exit(1)
