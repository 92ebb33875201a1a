"""Icons as somebody reads them who did not write them: by the rules of PNG and of ICO files."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import png

Pixel = tuple[int, int, int, int]


@dataclass(frozen=True)
class Picture:
    """A picture's size and its pixels (RGBA), row by row."""

    width: int
    height: int
    rows: tuple[bytes, ...]

    def at(self, x: int, y: int) -> Pixel:
        red, green, blue, alpha = self.rows[y][4 * x : 4 * x + 4]
        return red, green, blue, alpha

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of what differs from the corner's pixel."""
        ground = self.at(0, 0)
        seen = [
            (x, y)
            for y in range(self.height)
            for x in range(self.width)
            if differs(self.at(x, y), ground)
        ]
        columns, lines = [x for x, _ in seen], [y for _, y in seen]
        return min(columns), min(lines), max(columns) + 1, max(lines) + 1


def differs(one: Pixel, other: Pixel) -> bool:
    """Whether an eye would see it; what is transparent has no colour."""
    if one[3] < 16 and other[3] < 16:
        return False
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) > 24


def read_png(content: bytes) -> Picture:
    """A PNG file."""
    width, height, rows, _ = png.Reader(bytes=content).asRGBA8()
    return Picture(width, height, tuple(bytes(row) for row in rows))


def read_ico(content: bytes) -> list[Picture]:
    """Every picture of an ICO file, which holds PNG files; the sizes it promises must be true."""
    reserved, kind, count = struct.unpack_from("<HHH", content)
    assert (reserved, kind) == (0, 1)
    found = []
    for number in range(count):
        entry: Any = struct.unpack_from("<BBBBHHII", content, 6 + 16 * number)
        width, height, _, _, _, bits, size, offset = entry
        picture = read_png(content[offset : offset + size])
        assert (picture.width, picture.height) == (width or 256, height or 256)
        assert bits == 32
        found.append(picture)
    return found
