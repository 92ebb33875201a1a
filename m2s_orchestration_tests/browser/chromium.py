"""Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# For a person who watches: between two actions.
SLOWLY = 700.0  # milliseconds


@contextmanager
def open_browser(*, watched: bool) -> Iterator[Browser]:
    """A browser of its own, in a window and slow if somebody watches."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_program(),
            headless=not watched,
            slow_mo=SLOWLY if watched else 0.0,
            # As root, as in CI, it starts without its sandbox only; it sees nothing but our pages.
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        try:
            yield browser
        finally:
            browser.close()


def _program() -> str:
    """Where the browser is; root installs it where there is none."""
    found = _found()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(
                ["apt-get", "--quiet", *command],
                check=True,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        found = _found()
    assert found, f"None of {', '.join(PROGRAMS)} is on the PATH: install one of them."
    return found


def _found() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)
