"""The icons of very different logos, measured by a reader that did not write them."""

from __future__ import annotations

from math import hypot

import pytest
from PIL import Image

from m2s_orchestration.errors import BadParameter
from m2s_orchestration.icons.draw import FAVICON_SIDES, Icon, site_icons
from m2s_orchestration.icons.logo import read_logo
from m2s_orchestration_tests.logos import FIVE
from m2s_orchestration_tests.measured import Picture, read_ico, read_png

SIDES = {
    "pwa-icon-club.png": 192,
    "pwa-icon-club-512.png": 512,
    "pwa-icon-club-maskable-512.png": 512,
    "apple-touch-icon.png": 180,
}
# Those that need something behind the logo.
OPAQUE = ("pwa-icon-club-maskable-512.png", "apple-touch-icon.png")


@pytest.fixture(scope="module", params=FIVE)
def logo(request: pytest.FixtureRequest) -> Image.Image:
    return read_logo(FIVE[request.param](), request.param)


@pytest.fixture(scope="module")
def icons(logo: Image.Image) -> dict[str, Icon]:
    return dict(site_icons(logo))


def shape(picture: Picture) -> float:
    left, top, right, bottom = picture.box
    return (right - left) / (bottom - top)


def test_the_favicon_has_a_true_picture_of_each_size(icons: dict[str, Icon]) -> None:
    pictures = read_ico(icons["favicon.ico"].content)

    assert sorted(picture.width for picture in pictures) == sorted(FAVICON_SIDES)
    assert all(picture.width == picture.height for picture in pictures)


@pytest.mark.parametrize("name", SIDES)
def test_an_icon_has_its_size(icons: dict[str, Icon], name: str) -> None:
    picture = read_png(icons[name].content)

    assert (picture.width, picture.height) == (SIDES[name], SIDES[name])
    assert icons[name].media_type == "image/png"


@pytest.mark.parametrize("name", ["pwa-icon-club.png", "pwa-icon-club-512.png"])
def test_the_logo_is_not_squeezed_and_touches_two_sides(
    icons: dict[str, Icon], logo: Image.Image, name: str
) -> None:
    picture = read_png(icons[name].content)

    left, top, right, bottom = picture.box if logo.width != logo.height else (0, 0, 1, 1)
    if logo.width != logo.height:
        assert shape(picture) == pytest.approx(logo.width / logo.height, rel=0.08)
        assert max(right - left, bottom - top) >= picture.width - 2
        # In the middle.
        assert abs(left - (picture.width - right)) <= 2
        assert abs(top - (picture.height - bottom)) <= 2


@pytest.mark.parametrize("name", OPAQUE)
def test_an_icon_that_a_telephone_cuts_is_opaque(icons: dict[str, Icon], name: str) -> None:
    picture = read_png(icons[name].content)

    assert {row[3::4] for row in picture.rows} == {b"\xff" * picture.width}
    assert picture.at(0, 0) == (255, 255, 255, 255)


def test_whatever_shape_a_telephone_cuts_the_whole_logo_stays(icons: dict[str, Icon]) -> None:
    picture = read_png(icons["pwa-icon-club-maskable-512.png"].content)
    left, top, right, bottom = picture.box

    farthest = max(hypot(x - 256, y - 256) for x in (left, right) for y in (top, bottom))
    assert farthest <= 0.4 * 512 + 2


def test_the_clubs_colour_is_behind_the_logo_where_it_is_named() -> None:
    logo = read_logo(FIVE["badge.gif"](), "badge.gif")
    icons = site_icons(logo, "#1b4f8a")

    for name in SIDES:
        assert read_png(icons[name].content).at(0, 0) == (27, 79, 138, 255)
    assert {picture.at(0, 0) for picture in read_ico(icons["favicon.ico"].content)} == {
        (27, 79, 138, 255)
    }


def test_without_a_colour_there_is_nothing_behind_it() -> None:
    icons = site_icons(read_logo(FIVE["badge.gif"](), "badge.gif"))

    assert read_png(icons["pwa-icon-club.png"].content).at(0, 0)[3] == 0
    assert {picture.at(0, 0)[3] for picture in read_ico(icons["favicon.ico"].content)} == {0}


@pytest.mark.parametrize("text", ["blueish", "#12", "1b4f8a", "url(x)"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="is no colour"):
        site_icons(read_logo(FIVE["badge.gif"](), "badge.gif"), text)


def test_the_three_pictures_of_the_favicon_are_three(logo: Image.Image) -> None:
    """Each is made from the logo, so that the large ones are sharper than the small one."""
    pictures = {item.width: item for item in read_ico(site_icons(logo)["favicon.ico"].content)}
    small, large = pictures[16], pictures[48]

    assert any(
        large.at(3 * x + 1, 3 * y + 1) != small.at(x, y) for x in range(16) for y in range(16)
    )
