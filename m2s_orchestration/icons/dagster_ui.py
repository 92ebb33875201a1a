"""Puts the club's icon on Dagster's own UI, in place of the six files that its webserver serves."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from m2s_orchestration.errors import BadSettings
from m2s_orchestration.icons.draw import Icon, favicon, png, square
from m2s_orchestration.uploads.store import MediaStore

# Dagster's own colours for how a run stands.
RUN_COLORS = {"failed": "#dd5448", "pending": "#7a7a7a", "success": "#46a758"}
DOT = '<circle cx="144" cy="144" r="44" fill="{color}" stroke="#ffffff" stroke-width="10"/>'


def served_folder() -> Path:
    """The folder that Dagster's webserver serves. Raises BadSettings if there is none here."""
    spec = find_spec("dagster_webserver")
    places = (spec.submodule_search_locations if spec else None) or []
    for place in places:
        folder = Path(place, "webapp", "build")
        if folder.is_dir():
            return folder
    raise BadSettings("Dagster's webserver is not installed here: install it, or name a folder.")


def ui_icons(logo: Image.Image, background: str = "") -> Mapping[str, Icon]:
    """The icons of Dagster's UI, by their names; on a run's page they have a dot for its state."""
    picture = square(logo, 192, background=background)
    return {
        "favicon.ico": favicon(logo, background),
        "favicon.png": png(square(logo, 32, background=background)),
        "favicon.svg": _drawing(picture),
        **{
            f"favicon-run-{state}.svg": _drawing(picture, DOT.format(color=color))
            for state, color in RUN_COLORS.items()
        },
    }


def put_on_dagster(icons: Mapping[str, Icon], folder: Path) -> None:
    """Replace the files, each at once; installing dagster-webserver anew brings its own back."""
    store = MediaStore(str(folder))
    for name, icon in icons.items():
        store.write(name, icon.content, icon.media_type)


def _drawing(picture: Image.Image, over_it: str = "") -> Icon:
    inside = b64encode(png(picture).content).decode()
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="192" height="192" viewBox="0 0 192 192">'
        f'<image width="192" height="192" href="data:image/png;base64,{inside}"/>{over_it}</svg>\n'
    )
    return Icon(text.encode(), "image/svg+xml")
