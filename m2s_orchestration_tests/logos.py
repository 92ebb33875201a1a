"""Five logos that have nothing in common, made up, and other pictures for tests."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageFont

BLUE = (27, 79, 138, 255)
RED = (196, 43, 43, 255)
YELLOW = (240, 180, 40, 255)

DRAWING = """<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 220" width="20000" height="11000">
  <defs>
    <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#1b4f8a"/><stop offset="1" stop-color="#7fb4e6"/>
    </linearGradient>
  </defs>
  <ellipse cx="200" cy="110" rx="198" ry="108" fill="url(#sky)"/>
  <path d="M20 120 Q200 60 380 100 Q200 90 20 120Z" fill="#ffffff"/>
  <path d="M150 96 Q210 84 262 108 L330 84 L318 120 L255 124 Q190 136 150 96Z" fill="#ffffff"/>
</svg>
"""


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file of a kind that Pillow knows."""
    file = io.BytesIO()
    picture.save(file, format=kind, **options)
    return file.getvalue()


def drawing() -> bytes:
    """A drawing (SVG) of a glider, nearly twice as wide as it is high."""
    return DRAWING.encode()


def wordmark() -> bytes:
    """Dark letters on nothing, eight times as wide as they are high (PNG)."""
    picture = Image.new("RGBA", (1600, 200), (0, 0, 0, 0))
    font = ImageFont.load_default(170)
    ImageDraw.Draw(picture).text((10, 0), "HIGH MEADOW SC", fill=BLUE, font=font)
    return saved(picture, "PNG")


def windsock() -> bytes:
    """A mast with a windsock, four times as high as it is wide (WebP)."""
    picture = Image.new("RGBA", (220, 900), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((10, 0, 26, 899), fill=(70, 70, 70, 255))
    for number, tint in enumerate((RED, (255, 255, 255, 255), RED, (255, 255, 255, 255), RED)):
        left = 26 + number * 38
        pen.polygon(
            [
                *((left, 20 + number * 9), (left + 38, 29 + number * 9)),
                *((left + 38, 150 - number * 9), (left, 159 - number * 9)),
            ],
            fill=tint,
        )
    return saved(picture, "WEBP", lossless=True)


def photograph() -> bytes:
    """A field under a sky, without anything transparent, in a printer's colours (CMYK JPEG)."""
    picture = Image.new("RGB", (1500, 1000))
    pen = ImageDraw.Draw(picture)
    for row in range(1000):
        up = row / 1000
        sky = (int(70 + 120 * up), int(130 + 90 * up), 235)
        pen.line((0, row, 1500, row), fill=sky if row < 640 else (60, int(170 - 90 * up), 50))
    pen.polygon([(0, 640), (500, 380), (820, 600), (1150, 430), (1500, 640)], fill=(52, 84, 70))
    pen.ellipse((1120, 80, 1280, 240), fill=(255, 244, 200))
    return saved(picture.convert("CMYK"), "JPEG", quality=88)


def badge() -> bytes:
    """A small round badge of few colours with holes (GIF, 96 by 96)."""
    picture = Image.new("RGBA", (96, 96), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((2, 2, 93, 93), fill=YELLOW)
    pen.ellipse((12, 12, 83, 83), fill=BLUE)
    pen.polygon([(48, 18), (60, 70), (48, 60), (36, 70)], fill=(255, 255, 255, 255))
    return saved(picture, "GIF")


FIVE: dict[str, Callable[[], bytes]] = {
    "drawing.svg": drawing,
    "wordmark.png": wordmark,
    "windsock.webp": windsock,
    "photograph.jpg": photograph,
    "badge.gif": badge,
}
