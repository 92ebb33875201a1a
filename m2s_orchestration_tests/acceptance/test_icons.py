"""`m2s icons`: by hand, in a folder, in the club's store, and on Dagster's own webserver."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from m2s_orchestration.icons.dagster_ui import served_folder
from m2s_orchestration_tests.acceptance.conftest import Site
from m2s_orchestration_tests.eventually import eventually
from m2s_orchestration_tests.logos import badge, windsock
from m2s_orchestration_tests.measured import read_ico, read_png

M2S = "m2s_orchestration.cli"
ICONS = [
    *("apple-touch-icon.png", "favicon.ico", "pwa-icon-club-512.png"),
    *("pwa-icon-club-maskable-512.png", "pwa-icon-club.png"),
]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_picture_becomes_icons_in_a_folder_without_a_club(site: Site) -> None:
    (site.folder / "logo.webp").write_bytes(windsock())
    for name in ("DATABASE_URL", "EMAIL_HOST"):
        del site.environment[name]

    process = site.run(M2S, "icons", "--logo", "logo.webp", "--to", "icons")

    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines() == [f"icons/{name}" for name in sorted_as_made()]
    assert names(site.folder / "icons") == ICONS
    assert len(read_ico((site.folder / "icons" / "favicon.ico").read_bytes())) == 3


def sorted_as_made() -> list[str]:
    first = ["favicon.ico", "pwa-icon-club.png", "pwa-icon-club-512.png"]
    return [*first, "pwa-icon-club-maskable-512.png", "apple-touch-icon.png"]


def test_the_clubs_logo_becomes_icons_in_its_store(site: Site) -> None:
    media = site.folder / "media"
    (media / "site_logo").mkdir(parents=True)
    (media / "site_logo" / "badge-abcdefgh.gif").write_bytes(badge())
    with site.database.connect("test") as connection:
        connection.execute(
            "UPDATE siteconfig_siteconfiguration SET club_logo = 'site_logo/badge-abcdefgh.gif'"
        )

    process = site.run(M2S, "icons", "--background", "navy", MEDIA_ROOT=str(media))

    assert process.returncode == 0, process.stderr
    assert names(media) == sorted([*ICONS, "club-icons.json", "site_logo"])
    icon = read_png((media / "pwa-icon-club.png").read_bytes())
    assert icon.at(0, 0) == (0, 0, 128, 255)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--logo", "text.png", "--to", "icons"), "text.png cannot be read as a picture"),
        (("--logo", "nothing.png", "--to", "icons"), "No such file"),
        (("--logo", "text.png"), "--logo needs --to FOLDER or --dagster"),
        ((), "Neither MEDIA_ROOT nor MEDIA_STORE is set"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    site: Site, arguments: tuple[str, ...], told: str
) -> None:
    (site.folder / "text.png").write_text("no picture\n")

    process = site.run(M2S, "icons", *arguments)

    assert process.returncode == 2
    assert told in process.stderr
    assert "Traceback" not in process.stderr
    assert not (site.folder / "icons").exists()


@contextmanager
def webserver(folder: Path) -> Iterator[str]:
    """Dagster's webserver, from a copy of its package in this folder; its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (folder / "nothing.py").write_text("import dagster as dg\ndefs = dg.Definitions()\n")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "dagster_webserver", "-f", "nothing.py"),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
        cwd=folder,
        env={"PATH": "/usr/bin", "PYTHONPATH": str(folder), "DAGSTER_HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: fetched(f"{address}/server_info"), within=120)
        yield address
    finally:
        process.kill()
        process.wait(timeout=30)


def fetched(address: str) -> bytes:
    """What is at an address; nothing where nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            assert answer.status == HTTPStatus.OK
            content: bytes = answer.read()
            return content
    except OSError:
        return b""


def test_dagsters_own_webserver_serves_the_clubs_icon(site: Site) -> None:
    # Not on the installed one, which others use.
    theirs = served_folder().parents[1]
    shutil.copytree(theirs, site.folder / theirs.name)
    (site.folder / "logo.gif").write_bytes(badge())
    path = f"{site.folder}:{site.environment['PYTHONPATH']}"
    process = site.run(M2S, "icons", "--logo", "logo.gif", "--dagster", PYTHONPATH=path)
    assert process.returncode == 0, process.stderr

    with webserver(site.folder) as address:
        page = fetched(f"{address}/").decode()
        linked = re.findall(r'<link rel="icon"[^>]*href="/([\w.-]+)"', page)
        icons = {name: fetched(f"{address}/{name}") for name in (*linked, "favicon.ico")}

    assert set(icons) == {"favicon.png", "favicon.svg", "favicon.ico"}
    ours = site.folder / theirs.name / "webapp" / "build"
    assert icons == {name: (ours / name).read_bytes() for name in icons}
    picture = read_png(icons["favicon.png"])
    # The badge's blue, and its yellow rim.
    assert picture.at(8, 8)[2] > picture.at(8, 8)[0]
    assert picture.at(16, 2)[0] > picture.at(16, 2)[2]
