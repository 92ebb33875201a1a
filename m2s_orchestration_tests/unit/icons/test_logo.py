"""Which pictures are taken as a logo, and what is said of those that are not."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from m2s_orchestration.errors import BadLogo
from m2s_orchestration.icons.logo import LARGEST_FILE, WORKING_SIDE, read_logo
from m2s_orchestration_tests.logos import BLUE, DRAWING, FIVE, badge, photograph, saved, wordmark

RED_SQUARE = Image.new("RGBA", (200, 100), (200, 0, 0, 255))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">{}</svg>'


def refused(content: bytes, name: str = "logo.png") -> str:
    with pytest.raises(BadLogo) as caught:
        read_logo(content, name)
    told = str(caught.value)
    assert told.startswith(name)
    return told


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def bomb(side: int) -> bytes:
    """A black PNG file of some kilobytes that claims, truly, to be enormous."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    squeezer = zlib.compressobj(9)
    row = b"\0" * (1 + (side + 7) // 8)
    packed = b"".join(squeezer.compress(row) for _ in range(side)) + squeezer.flush()
    body = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("name", FIVE)
def test_a_logo_of_any_kind_becomes_a_picture_without_a_margin(name: str) -> None:
    picture = read_logo(FIVE[name](), name)

    assert picture.mode == "RGBA"
    assert max(picture.size) <= WORKING_SIDE
    assert picture.getchannel("A").point(lambda alpha: alpha // 16).getbbox() == (
        *(0, 0),
        *picture.size,
    )


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO", "JPEG"])
def test_every_common_kind_of_bitmap_is_read(kind: str) -> None:
    wanted = RED_SQUARE.convert("RGB") if kind in {"BMP", "JPEG"} else RED_SQUARE
    picture = read_logo(saved(wanted, kind), f"logo.{kind.lower()}")

    assert picture.width / picture.height == pytest.approx(2, rel=0.02)
    pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 190
    assert pixel[1] < 12


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_depth_is_read(mode: str) -> None:
    shade = 200 * 256 if mode == "I;16" else None
    wanted = Image.new(mode, (100, 100), shade) if shade else RED_SQUARE.convert(mode)
    picture = read_logo(saved(wanted, "PNG"), "logo.png")

    if shade:
        assert picture.getpixel((50, 50)) == (200, 200, 200, 255)


def test_a_photograph_that_lies_on_its_side_is_set_upright() -> None:
    lying = Image.new("RGB", (200, 100), "red")
    lying.paste((0, 0, 255), (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6

    picture = read_logo(saved(lying, "JPEG", exif=exif), "logo.jpg")

    assert picture.size == (100, 200)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    content = bomb(20_000)

    assert len(content) < 100_000
    assert "is the most that a logo may have: save it smaller" in refused(content)


def test_a_picture_a_little_too_large_is_refused_with_its_size() -> None:
    assert "4,001 by 4,001 pixels, and 16,000,000 pixels is the most" in refused(bomb(4_001))


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert "20,000,001 bytes" in refused(b"\0" * (LARGEST_FILE + 1))


def test_a_picture_of_one_pixel_is_refused() -> None:
    told = refused(saved(Image.new("RGB", (1, 1)), "PNG"))

    assert "1 by 1 pixels, which is too small" in told


@pytest.mark.parametrize("name", [name for name in FIVE if name != "drawing.svg"])
def test_a_truncated_file_is_refused(name: str) -> None:
    content = FIVE[name]()

    assert "cannot be read as a picture" in refused(content[: len(content) // 2], name)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"This is no picture at all.\n",
        b"<html><body>Not found</body></html>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n",
        b"<svg",
        DRAWING.encode()[:200],
        b"\x1f\x8b\x08\0",
    ],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_picture_whatever_its_name_is_refused(content: bytes) -> None:
    assert "cannot be read as a picture" in refused(content)


def test_a_picture_that_shows_nothing_is_refused() -> None:
    assert "shows nothing" in refused(saved(Image.new("RGBA", (99, 99)), "PNG"))
    assert "shows nothing" in refused(SVG.format("").encode())


@pytest.mark.parametrize("text", ["/etc/hostname.png", "file:///logo.png", "&#47;x.png", "a.png"])
def test_a_drawing_that_names_a_file_of_this_machine_is_refused(text: str) -> None:
    content = SVG.format(f'<image xlink:href = "{text}" width="9" height="9"/>').encode()

    assert "refers to another file" in refused(content)


def test_a_drawing_may_hold_links_references_and_pictures() -> None:
    inside = (
        '<a href="https://example.org"><rect id="r" width="50" height="50"/></a><use href="#r"/>'
    )

    assert read_logo(SVG.format(inside).encode(), "logo.svg").size == (512, 512)


def test_a_drawing_with_letters_is_refused_because_fonts_differ() -> None:
    told = refused(SVG.format('<text y="50">CLUB</text>').encode())

    assert "convert them to paths" in told


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_drawing_is_read_in_its_encoding(encoding: str) -> None:
    text = DRAWING.replace(' encoding="UTF-8"', "")

    assert read_logo(text.encode(encoding), "logo.svg").size == (1014, 554)


def test_a_drawing_that_unfolds_without_end_is_refused() -> None:
    tens = [f"&e{n};" * 10 for n in range(11)]
    entities = "".join(f'<!ENTITY e{n} "{ten}">' for n, ten in enumerate(tens, start=1))
    laughs = f'<!DOCTYPE svg [<!ENTITY e0 "ha">{entities}]>' + SVG.format("<desc>&e11;</desc>")
    again = [f'<use href="#g{n}"/>' * 10 for n in range(8)]
    groups = "".join(f'<g id="g{n}">{ten}</g>' for n, ten in enumerate(again, start=1))
    uses = SVG.format(f'<g id="g0"><rect width="5" height="5"/></g>{groups}')

    assert "cannot be read as a picture" in refused(laughs.encode())
    assert "cannot be read as a picture" in refused(uses.encode())


def test_dark_edges_do_not_come_out_of_what_is_transparent() -> None:
    """A pixel that is half transparent keeps its colour when the picture is made smaller."""
    large = Image.new("RGBA", (2000, 2000), (0, 0, 0, 0))
    large.paste(BLUE, (500, 500, 1501, 1501))

    picture = read_logo(saved(large, "PNG"), "logo.png")

    row = [picture.getpixel((x, 100)) for x in range(picture.width)]
    seen = [pixel for pixel in row if isinstance(pixel, tuple) and pixel[3] > 64]
    assert len(seen) > 500
    assert {pixel[3] for pixel in seen} > {255}
    assert all(abs(a - b) < 16 for pixel in seen for a, b in zip(pixel[:3], BLUE[:3], strict=True))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([badge(), wordmark(), photograph(), DRAWING.encode()]),
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 255)), max_size=20),
    st.integers(0, 20_000),
)
def test_a_damaged_file_is_a_picture_or_is_refused_in_words(
    content: bytes, damage: list[tuple[int, int]], cut: int
) -> None:
    broken = bytearray(content)
    for place, value in damage:
        broken[place % len(broken)] = value
    broken = broken if cut > 10_000 else broken[: cut % len(broken)]

    try:
        picture = read_logo(bytes(broken), "logo")
    except BadLogo:
        return
    assert max(picture.size) <= WORKING_SIDE
