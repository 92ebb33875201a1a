"""Reads a club's logo, whatever kind of picture it is, and refuses what is none or is too much."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import resvg_py
from PIL import Image, ImageOps

from m2s_orchestration.errors import BadLogo

LARGEST_FILE = 20_000_000  # bytes
# A pod has 512 MiB, and WebP takes 16 bytes for a pixel while it is read, the others less.
MOST_PIXELS = 16_000_000
LARGEST_DRAWING = 2_000_000  # bytes
# The largest icon of favicon.ico: anything smaller would only be blown up.
SMALLEST_SIDE = 48  # pixels, the longer one
# Twice the largest icon.
WORKING_SIDE = 1024  # pixels, the longer one
# A picture that is made smaller gets a rim of this, which is no part of it.
HARDLY_SEEN = 16  # of 255

# Those that Pillow reads by itself: some others it hands to programs, as PostScript to Ghostscript.
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO")
# What a picture reader says of a file that is not what it seems.
UNREADABLE = (ArithmeticError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError)

IS_DRAWING = re.compile(r"<(?:\w+:)?svg\b")
# A file of this machine, which the drawing has no business with. Nothing is fetched from the web.
NAMES_A_FILE = re.compile(r"href\s*=\s*[\"'](?!\s*(?:#|data:|https?://|[\"']))")
HAS_LETTERS = re.compile(r"<(?:\w+:)?text\b")


def read_logo(content: bytes, name: str) -> Image.Image:
    """The picture in RGBA, without an empty margin, its longer side 1024 pixels at most.

    Raises BadLogo.
    """
    if len(content) > LARGEST_FILE:
        raise BadLogo(
            f"{name} has {len(content):,} bytes, and {LARGEST_FILE:,} is the most that a logo may"
            " have: save it smaller."
        )
    drawing = _as_drawing(content)
    picture = _drawn(drawing, name) if drawing else _opened(content, name)
    visible = picture.getchannel("A").point(lambda alpha: 255 * (alpha > HARDLY_SEEN)).getbbox()
    if visible is None:
        raise BadLogo(f"{name} shows nothing: every pixel of it is transparent.")
    return picture.crop(visible)


def _as_drawing(content: bytes) -> str:
    """The text of a drawing (SVG); empty if it is none."""
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = content[: LARGEST_DRAWING + 1].decode(encoding)
    except UnicodeDecodeError:
        return ""
    return text if text.lstrip()[:1] == "<" and IS_DRAWING.search(text) else ""


def _drawn(text: str, name: str) -> Image.Image:
    if len(text) > LARGEST_DRAWING:
        raise BadLogo(f"{name} is a drawing of more than {LARGEST_DRAWING:,} bytes: simplify it.")
    if NAMES_A_FILE.search(text):
        raise BadLogo(f"{name} refers to another file, which is not there: embed what it shows.")
    if HAS_LETTERS.search(text):
        raise BadLogo(
            f"{name} has letters as text, which look as this machine's fonts make them: convert"
            " them to paths."
        )
    with _faults_told(name):
        rendered = resvg_py.svg_to_bytes(
            svg_string=text,
            width=WORKING_SIDE,
            height=WORKING_SIDE,
            skip_system_fonts=True,
        )
        return Image.open(io.BytesIO(rendered), formats=["PNG"]).convert("RGBA")


def _opened(content: bytes, name: str) -> Image.Image:
    with _faults_told(name):
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        width, height = picture.size
        if width * height > MOST_PIXELS:
            raise _too_large(name, f"{width:,} by {height:,} pixels")
        if max(width, height) < SMALLEST_SIDE:
            raise BadLogo(
                f"{name} has {width} by {height} pixels, which is too small for a logo: its longer"
                f" side needs {SMALLEST_SIDE} at least, and 512 to look well."
            )
        # A photograph is read at a part of its size at once.
        picture.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
        picture.load()
        ImageOps.exif_transpose(picture, in_place=True)
        return _small(_in_color(picture)).convert("RGBA")


def _in_color(picture: Image.Image) -> Image.Image:
    """In a mode that can be made smaller; of 16 bits the upper eight."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    is_plain = picture.mode in {"L", "LA", "RGB", "RGBA"} and "transparency" not in picture.info
    return picture if is_plain else picture.convert("RGBA")


def _small(picture: Image.Image) -> Image.Image:
    picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return picture


@contextmanager
def _faults_told(name: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Our own limit is lower than the one that Pillow warns of.
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError as error:
        raise _too_large(name, "far more") from error
    except UNREADABLE as error:
        told = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BadLogo(
            f"{name} cannot be read as a picture ({told}): it may be cut off, or no picture at all."
            f" SVG and {', '.join(FORMATS)} can be read."
        ) from error


def _too_large(name: str, size: str) -> BadLogo:
    return BadLogo(
        f"{name} has {size}, and {MOST_PIXELS:,} pixels is the most that a logo may have: save it"
        " smaller; 1024 by 1024 is plenty."
    )
