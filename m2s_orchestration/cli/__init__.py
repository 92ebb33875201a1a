"""The command m2s."""

import sys

import click

from m2s_orchestration.cli.cutover import cutover
from m2s_orchestration.cli.deliveries import deliveries
from m2s_orchestration.cli.doctor import doctor
from m2s_orchestration.cli.icons import icons
from m2s_orchestration.cli.locks import locks
from m2s_orchestration.cli.metrics import metrics
from m2s_orchestration.cli.migrate import migrate
from m2s_orchestration.cli.new import new
from m2s_orchestration.cli.preview import preview
from m2s_orchestration.cli.run import run
from m2s_orchestration.cli.simulate import simulate
from m2s_orchestration.errors import (
    BadParameter,
    BadSettings,
    ClubFault,
    LeaseHeld,
    OrchestrationError,
    UnknownNotification,
    UnlawfulCutover,
    UnlawfulSettlement,
)

EXIT_RED = 1
EXIT_BAD_ARGUMENTS = 2
EXIT_BUSY = 75


class Plainspoken(click.Group):
    """Ends with the fault's own words and the exit status that belongs to it."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OrchestrationError as fault:
            click.echo(f"m2s: {fault}", err=True)
            sys.exit(_exit_status(fault))


def _exit_status(fault: OrchestrationError) -> int:
    if isinstance(fault, LeaseHeld):
        return EXIT_BUSY
    asked_wrongly = (BadParameter, BadSettings, ClubFault, UnknownNotification)
    unlawful = (UnlawfulCutover, UnlawfulSettlement)
    return EXIT_BAD_ARGUMENTS if isinstance(fault, asked_wrongly + unlawful) else EXIT_RED


@click.group(cls=Plainspoken)
def main() -> None:
    """The soaring club's scheduled mail, sent exactly once.

    The club, its database and its mail server are named by environment variables; .env.example
    lists them all.
    """


COMMANDS = (
    *(run, preview, simulate, deliveries, locks, cutover),
    *(icons, migrate, metrics, doctor, new),
)
for command in COMMANDS:
    main.add_command(command)
