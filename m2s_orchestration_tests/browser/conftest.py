"""The demo with its UI, and an officer in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from m2s_orchestration_tests.browser.chromium import open_browser
from m2s_orchestration_tests.browser.demo import ROOT, Demo, running
from m2s_orchestration_tests.browser.officer import Officer

PATIENCE = 30_000  # milliseconds for anything to be seen


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all of them."""
    with running(tmp_path_factory.mktemp("dev") / "demo") as demo:
        yield demo


@pytest.fixture(scope="module")
def officer(demo: Demo) -> Iterator[Officer]:
    """M2S_WATCH=1 opens a window; M2S_PICTURES says where pictures are kept."""
    pictures = Path(os.environ.get("M2S_PICTURES", ROOT / ".browser"))
    pictures.mkdir(parents=True, exist_ok=True)
    with open_browser(watched=bool(os.environ.get("M2S_WATCH"))) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(PATIENCE)
        yield Officer(demo, page, pictures)
