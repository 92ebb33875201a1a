"""m2s migrate: makes the ledger's tables, or brings them forward."""

import click

from m2s_orchestration.delivery import migrate as migration
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings


@click.command()
def migrate() -> None:
    """Make the ledger's tables in the club's database, or bring them forward.

    Safe to run twice, also at the same time. The club's own tables are not touched.
    """
    taken = migration.migrate(Database(Settings.from_environment().database))
    click.echo(f"Made: {', '.join(taken)}." if taken else "The ledger is up to date.")
