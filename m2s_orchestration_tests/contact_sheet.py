"""The icons of five logos on one sheet: `python -m m2s_orchestration_tests.contact_sheet FILE`."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from PIL.IcoImagePlugin import IcoImageFile

from m2s_orchestration.icons.draw import Icon, site_icons
from m2s_orchestration.icons.logo import read_logo
from m2s_orchestration_tests.logos import FIVE

ROW = 116
LABELS = 30
# What stands in each column: its name, where it begins, and how wide it is.
COLUMNS = {
    "logo": (12, 180),
    "16": (212, 16),
    "32": (248, 32),
    "48": (300, 48),
    "192": (372, 96),
    "192 on a colour": (488, 96),
    "apple touch": (604, 96),
    "maskable, cut round": (720, 96),
}
WIDTH = 836
COLOR = "#f3d9a4"
INK = (60, 60, 60)


def sheet() -> Image.Image:
    """Logo, favicon, transparent, on the club's colour, for Apple, and cut as a telephone may."""
    ground = _checked(WIDTH, LABELS + ROW * len(FIVE))
    pen = ImageDraw.Draw(ground)
    pen.rectangle((0, 0, WIDTH, LABELS), fill=(255, 255, 255))
    for label, (left, _) in COLUMNS.items():
        pen.text((left, 9), label, fill=INK, font=ImageFont.load_default(11))
    for number, (name, make) in enumerate(FIVE.items()):
        logo = read_logo(make(), name)
        for label, picture in _pictures(logo).items():
            left, wide = COLUMNS[label]
            small = _within(picture, wide, ROW - 20)
            ground.alpha_composite(small, (left, LABELS + ROW * number + (ROW - small.height) // 2))
    return ground


def _pictures(logo: Image.Image) -> dict[str, Image.Image]:
    icons, colored = site_icons(logo), site_icons(logo, COLOR)
    maskable = _opened(icons["pwa-icon-club-maskable-512.png"])
    circle = Image.new("L", maskable.size)
    # The smallest shape that a telephone may cut.
    ImageDraw.Draw(circle).ellipse((51, 51, 461, 461), fill=255)
    maskable.putalpha(circle)
    return {
        "logo": logo,
        **{str(side): _of_favicon(icons["favicon.ico"], side) for side in (16, 32, 48)},
        "192": _opened(icons["pwa-icon-club.png"]),
        "192 on a colour": _opened(colored["pwa-icon-club.png"]),
        "apple touch": _opened(icons["apple-touch-icon.png"]),
        "maskable, cut round": maskable,
    }


def _opened(icon: Icon) -> Image.Image:
    return Image.open(io.BytesIO(icon.content)).convert("RGBA")


def _of_favicon(icon: Icon, side: int) -> Image.Image:
    file = Image.open(io.BytesIO(icon.content))
    assert isinstance(file, IcoImageFile)
    return file.ico.getimage((side, side)).convert("RGBA")


def _within(picture: Image.Image, width: int, height: int) -> Image.Image:
    small = picture.copy()
    small.thumbnail((width, height), Image.Resampling.LANCZOS)
    return small


def _checked(width: int, height: int) -> Image.Image:
    """A ground on which one sees what is transparent."""
    ground = Image.new("RGBA", (width, height), (255, 255, 255, 255))
    pen = ImageDraw.Draw(ground)
    for y in range(LABELS, height, 8):
        for x in range((y // 8) % 2 * 8, width, 16):
            pen.rectangle((x, y, x + 7, y + 7), fill=(226, 226, 226))
    return ground


if __name__ == "__main__":
    sheet().convert("RGB").quantize(160).save(Path(sys.argv[1]), optimize=True)
