"""m2s preview: every mail of an occurrence as its reader would see it, and nothing sent."""

import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import click

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.framework.artifacts import publish_pages
from m2s_orchestration.framework.parameters import checked, parse_assignments
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.mail.filters import plural
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.settings import Settings
from m2s_orchestration.uploads.store import MediaStore


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
@click.option(
    "--publish",
    "is_published",
    is_flag=True,
    help="Write the pages to the club's media store as well, for whoever gets their address.",
)
def preview(
    notification: str,
    as_of: str,
    assignments: tuple[str, ...],
    folder: Path,
    opens: bool,
    is_published: bool,
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

    settings = Settings.from_environment()
    run = NotificationRun(chosen, request, settings, run_id="preview")
    index = write_gallery(run, folder / f"{chosen.name}-{request.occurrence.key.replace(':', '')}")
    click.echo(f"{plural(len(run.rendering.messages), 'mail')}, nothing sent: {index}")
    if is_published:
        click.echo(f"Published: {_publish(index.parent, settings)}")
    if opens:
        webbrowser.open(index.resolve().as_uri())


def _publish(folder: Path, settings: Settings) -> str:
    if settings.media_store is None:
        raise BadSettings("Neither MEDIA_ROOT nor MEDIA_STORE is set: say where to publish.")
    return publish_pages(
        folder,
        MediaStore(settings.media_store),
        subject="previews",
        media_url=settings.media_url,
        now=datetime.now(UTC),
    )
