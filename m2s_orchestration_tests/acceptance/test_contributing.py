"""The walk through a notification in CONTRIBUTING.md can be walked, and leads to the real one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from m2s_orchestration_tests.acceptance.checkouts import Checkout, copy_of_this
from m2s_orchestration_tests.structure.repository import ROOT

NAME = "cleanup_approved_applications"
FOLDER = f"m2s_orchestration/notifications/{NAME}"
UNIT, INTEGRATION = (
    f"m2s_orchestration_tests/{kind}/notifications/{NAME}" for kind in ("unit", "integration")
)
LIST = "m2s_orchestration/notifications/__init__.py"
BLOCK = re.compile(r"<!-- walk: (?P<name>[^>]+?) -->\n```\w*\n(?P<text>.*?)```\n", re.DOTALL)


def walk() -> dict[str, str]:
    """What the document shows, by the names that it gives."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return {found["name"]: found["text"] for found in BLOCK.finditer(text)}


def without_it(folder: Path) -> Checkout:
    """A checkout as it was before the notification."""
    checkout = copy_of_this(folder)
    for part in (FOLDER, UNIT, INTEGRATION):
        shutil.rmtree(folder / part)
    checkout.change(LIST, walk()["the line"], "")
    return checkout


def test_whoever_walks_it_arrives_at_the_notification_that_is_there(tmp_path: Path) -> None:
    checkout, steps = without_it(tmp_path), walk()
    line = steps.pop("the line")

    checkout.run("m2s_orchestration.cli", "new", NAME)
    for name in ("email.txt", "email.html", "demo.sql"):
        (tmp_path / FOLDER / name).unlink()
    for name, text in steps.items():
        (tmp_path / FOLDER / name).write_text(text, encoding="utf-8")
    checkout.change(LIST, "\n)\n\nNOTIFICATIONS", f"\n{line})\n\nNOTIFICATIONS")
    for part in (UNIT, INTEGRATION):
        shutil.rmtree(tmp_path / part)
        shutil.copytree(ROOT / part, tmp_path / part)

    here = sorted(file.name for file in (ROOT / FOLDER).iterdir() if file.is_file())
    assert sorted(file.name for file in (tmp_path / FOLDER).iterdir() if file.is_file()) == here
    for name in here:
        assert (tmp_path / FOLDER / name).read_bytes() == (ROOT / FOLDER / name).read_bytes(), name
    checkout.run("pytest", "-q", "-p", "no:cacheprovider", UNIT)
