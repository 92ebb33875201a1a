"""m2s preview: every mail of an occurrence as its reader would see it, and nothing sent."""

import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import click

from m2s_orchestration.framework.parameters import checked, parse_assignments
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.mail.filters import plural
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.settings import Settings


@click.command()
@click.argument("notification")
@click.option("--as-of", default="", help="The moment to look from: ISO 8601 with a zone.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the notification; may be given several times.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(".m2s/preview"),
    show_default=True,
    help="The folder to write the pages to.",
)
@click.option("--open", "opens", is_flag=True, help="Open the gallery in the browser.")
def preview(
    notification: str, as_of: str, assignments: tuple[str, ...], folder: Path, opens: bool
) -> None:
    """Rehearse NOTIFICATION and write its mails as a gallery of pages."""
    chosen = notification_named(notification)
    values = parse_assignments(assignments)
    checked(chosen.parameters, values)
    request = Request.parse(
        chosen,
        {**values, "as_of": as_of, "dry_run": True},
        partition=None,
        waits=False,
        now=datetime.now(UTC),
    )
    # Every command imports this module, and only this one makes pages.
    from m2s_orchestration.cli.gallery import write_gallery

    run = NotificationRun(chosen, request, Settings.from_environment(), run_id="preview")
    index = write_gallery(run, folder / f"{chosen.name}-{request.occurrence.key.replace(':', '')}")
    click.echo(f"{plural(len(run.rendering.messages), 'mail')}, nothing sent: {index}")
    if opens:
        webbrowser.open(index.resolve().as_uri())
