"""m2s run: one run of a notification on the configured Dagster instance."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from m2s_orchestration.errors import BadParameter, OrchestrationError
from m2s_orchestration.framework.notification import Notification
from m2s_orchestration.framework.parameters import RunOptions, checked, parse_assignments
from m2s_orchestration.framework.report import Report
from m2s_orchestration.framework.request import Request
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.settings import Settings

EXIT_STATUS = {"busy": 75, "refused": 2, "incomplete": 1}


@click.command()
@click.argument("notification")
@click.option("--as-of", default="", help="The moment to look from: ISO 8601 with a zone.")
@click.option("--dry-run", is_flag=True, help="Rehearse: record and send nothing.")
@click.option("--force", is_flag=True, help="Run although somebody else holds the lease.")
@click.option("--send-late", is_flag=True, help="Send although the occurrence is too old.")
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=None,
    help="Seconds to wait for the lease. Without it a busy notification ends at once.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the notification; may be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def run(
    notification: str,
    as_of: str,
    dry_run: bool,
    force: bool,
    send_late: bool,
    wait: int | None,
    assignments: tuple[str, ...],
    as_json: bool,
) -> None:
    """Run NOTIFICATION once.

    Exit status: 0 done or nothing to do, 1 incomplete, 2 bad arguments or configuration,
    75 somebody else runs it now.
    """
    options: dict[str, object] = {"as_of": as_of, "dry_run": dry_run, "force": force}
    options |= {"send_late": send_late} | ({} if wait is None else {"wait": wait})
    try:
        chosen = notification_named(notification)
        values = _checked_values(chosen, assignments) | options
        Request.parse(chosen, values, partition=None, waits=False, now=datetime.now(UTC))
        Settings.from_environment()
    except OrchestrationError:
        if as_json:
            click.echo(json.dumps(_refused(notification)))
        raise
    # Dagster takes a second to import: what can be refused without it is refused by now.
    from m2s_orchestration.framework.execution import execute

    result = execute(chosen, values)
    click.echo(json.dumps(result.figures) if as_json else _told(result.figures))
    if result.rehearsal:
        click.echo(f"m2s: a rehearsal, {result.rehearsal}. Nothing was recorded or sent.", err=True)
    if result.fault:
        click.echo(f"m2s: {result.fault}", err=True)
    sys.exit(EXIT_STATUS.get(result.outcome, 0))


def _refused(notification: str) -> dict[str, object]:
    """The object that --json prints of a run that did not begin."""
    counts = dict.fromkeys(Report.counted(), 0)
    head = {"job": notification, "occurrence": "", "outcome": "refused"}
    return {**head, **counts, "run_id": "", "seconds": 0.0}


def _checked_values(notification: Notification, assignments: tuple[str, ...]) -> dict[str, object]:
    values = parse_assignments(assignments)
    for name in values.keys() & RunOptions.model_fields.keys():
        raise BadParameter(f"{name} is an option of the command: write --{name.replace('_', '-')}.")
    checked(notification.parameters, values)
    return values


def _told(figures: Mapping[str, object]) -> str:
    counts = [f"{figures[name]} {name}" for name in Report.counted() if figures[name]]
    return (
        f"{figures['job']} {figures['occurrence']}: {figures['outcome']}"
        f" ({', '.join(counts) or 'nothing new'}) in {figures['seconds']} s"
    )
