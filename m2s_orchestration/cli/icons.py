"""m2s icons: the club's logo as icons, in its media store, in a folder, or on Dagster's UI."""

from pathlib import Path

import click

from m2s_orchestration.errors import BadLogo, BadParameter
from m2s_orchestration.icons.refresh import (
    media_store,
    present_source,
    read_picture,
    refresh,
)
from m2s_orchestration.postgres import Database
from m2s_orchestration.settings import Settings
from m2s_orchestration.uploads.store import MediaStore


@click.command()
@click.option(
    "--logo",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A picture to use instead of the logo that the site's configuration names.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder to write the icons to, instead of the club's media store.",
)
@click.option(
    "--dagster", "is_for_dagster", is_flag=True, help="Put them on the Dagster UI installed here."
)
@click.option(
    "--background",
    help="What is behind the logo, such as #1b4f8a; empty for nothing. Default: as last time.",
)
def icons(
    logo: Path | None, folder: Path | None, is_for_dagster: bool, background: str | None
) -> None:
    """Make the icons of the club's logo.

    Without options, in the club's media store, as the job refresh_club_icons does.
    """
    if not folder and not is_for_dagster:
        if logo:
            raise BadParameter("--logo needs --to FOLDER or --dagster: the store has its own logo.")
        _refresh_store(background)
        return
    name, content = _picture(logo)
    _make(name, content, folder, is_for_dagster=is_for_dagster, background=background or "")


def _refresh_store(background: str | None) -> None:
    settings = Settings.from_environment()
    store = media_store(settings)
    refreshed = refresh(store, present_source(Database(settings.database), store), background)
    for name in refreshed.written:
        click.echo(store.address(name))
    if not refreshed.source.logo:
        click.echo(f"The club has no logo; removed: {', '.join(refreshed.removed) or 'nothing'}.")


def _picture(logo: Path | None) -> tuple[str, bytes]:
    if logo:
        try:
            return str(logo), logo.read_bytes()
        except OSError as error:
            raise BadParameter(f"--logo: {error}.") from error
    settings = Settings.from_environment()
    store = media_store(settings)
    source = present_source(Database(settings.database), store)
    if not source.logo:
        raise BadLogo("The club has no logo: name a picture with --logo.")
    return source.logo, read_picture(store, source)


def _make(
    name: str, content: bytes, folder: Path | None, *, is_for_dagster: bool, background: str
) -> None:
    # Pictures take memory and time to import: no other command needs them.
    from m2s_orchestration.icons.dagster_ui import put_on_dagster, served_folder, ui_icons
    from m2s_orchestration.icons.draw import site_icons
    from m2s_orchestration.icons.logo import read_logo

    picture = read_logo(content, name)
    if folder:
        store = MediaStore(str(folder))
        for icon, made in site_icons(picture, background).items():
            store.write(icon, made.content, made.media_type)
            click.echo(store.address(icon))
    if is_for_dagster:
        served = served_folder()
        put_on_dagster(ui_icons(picture, background), served)
        click.echo(f"Dagster's UI shows {name}: {served}")
