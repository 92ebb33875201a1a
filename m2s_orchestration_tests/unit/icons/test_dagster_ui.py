"""The six files by which Dagster's webserver shows an icon are the club's."""

from __future__ import annotations

import re
from base64 import b64decode
from pathlib import Path

import pytest

from m2s_orchestration.icons.dagster_ui import put_on_dagster, served_folder, ui_icons
from m2s_orchestration.icons.logo import read_logo
from m2s_orchestration_tests.logos import badge
from m2s_orchestration_tests.measured import read_ico, read_png

ICONS = ui_icons(read_logo(badge(), "badge.gif"))


def test_they_are_every_icon_that_dagster_serves() -> None:
    """A new release of Dagster that has more, or others, fails here."""
    theirs = {file.name for file in served_folder().glob("favicon*")}

    assert set(ICONS) == theirs


def test_the_page_of_dagsters_ui_names_two_of_them() -> None:
    page = (served_folder() / "index.html").read_text(encoding="utf-8")

    named = re.findall(r'<link rel="icon"[^>]*href="__PATH_PREFIX__/([\w.-]+)"', page)
    assert named
    assert set(named) <= set(ICONS)


def test_they_have_true_sizes() -> None:
    assert sorted(item.width for item in read_ico(ICONS["favicon.ico"].content)) == [16, 32, 48]
    assert read_png(ICONS["favicon.png"].content).width == 32


@pytest.mark.parametrize("name", [name for name in ICONS if name.endswith(".svg")])
def test_a_drawing_holds_the_clubs_icon_and_a_runs_state_on_it(name: str) -> None:
    text = ICONS[name].content.decode()

    (inside,) = re.findall(r"base64,([\w+/=]+)", text)
    picture = read_png(b64decode(inside))
    assert (picture.width, picture.height) == (192, 192)
    assert ("<circle" in text) == ("-run-" in name)


def test_they_take_the_place_of_dagsters(tmp_path: Path) -> None:
    for name in ICONS:
        (tmp_path / name).write_text("Dagster's own")

    put_on_dagster(ICONS, tmp_path)

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        name: icon.content for name, icon in ICONS.items()
    }
