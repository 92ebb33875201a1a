"""Makes the icons of a logo: each a square that the whole logo fits into, never squeezed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

from PIL import Image, ImageColor

from m2s_orchestration.errors import BadParameter

FAVICON_SIDES = (16, 32, 48)
WHITE = "#ffffff"
# A telephone cuts a maskable icon to any shape; what is within this circle always stays.
SAFE_CIRCLE = 0.8
# An apple-touch icon gets its round corners from the telephone.
APPLE_ROOM = 0.84


@dataclass(frozen=True)
class Icon:
    """A finished file."""

    content: bytes
    media_type: str


def site_icons(logo: Image.Image, background: str = "") -> Mapping[str, Icon]:
    """The icons of the club's site, by their names; without a background they are transparent.

    Two of them cannot be transparent: there the background is white unless one is named.
    """
    opaque = background or WHITE
    radius = hypot(*logo.size) / max(logo.size)
    return {
        "favicon.ico": favicon(logo, background),
        "pwa-icon-club.png": png(square(logo, 192, background=background)),
        "pwa-icon-club-512.png": png(square(logo, 512, background=background)),
        "pwa-icon-club-maskable-512.png": png(
            square(logo, 512, room=SAFE_CIRCLE / radius, background=opaque).convert("RGB")
        ),
        "apple-touch-icon.png": png(
            square(logo, 180, room=APPLE_ROOM, background=opaque).convert("RGB")
        ),
    }


def square(logo: Image.Image, side: int, *, room: float = 1.0, background: str = "") -> Image.Image:
    """The logo in the middle of a square, its longer side `room` of the square's."""
    scale = side * room / max(logo.size)
    width, height = (max(1, round(length * scale)) for length in logo.size)
    small = logo.resize((width, height), Image.Resampling.LANCZOS)
    ground = Image.new("RGBA", (side, side), color(background) if background else (0, 0, 0, 0))
    ground.alpha_composite(small, ((side - width) // 2, (side - height) // 2))
    return ground


def favicon(logo: Image.Image, background: str = "") -> Icon:
    """One file with three pictures, each made from the logo itself."""
    pictures = [square(logo, side, background=background) for side in FAVICON_SIDES]
    # Pillow makes no larger picture than the first, and smaller ones only where it is given none.
    first, *others = reversed(pictures)
    file = io.BytesIO()
    sizes = [picture.size for picture in pictures]
    first.save(file, format="ICO", sizes=sizes, append_images=others)
    return Icon(file.getvalue(), "image/vnd.microsoft.icon")


def png(picture: Image.Image) -> Icon:
    """The picture as PNG."""
    file = io.BytesIO()
    picture.save(file, format="PNG", optimize=True)
    return Icon(file.getvalue(), "image/png")


def color(text: str) -> tuple[int, ...]:
    """A colour as it is written on the web. Raises BadParameter."""
    try:
        return ImageColor.getrgb(text)
    except ValueError as error:
        raise BadParameter(
            f"{text!r} is no colour: write one as #1b4f8a, or by a name such as navy."
        ) from error
