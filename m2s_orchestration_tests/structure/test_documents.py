"""The documents are there, and their links and the files that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from m2s_orchestration_tests.catalogue import PAGE, catalogue
from m2s_orchestration_tests.structure.repository import ROOT, each, files

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *files(ROOT / "docs", ".md")]

LINK = re.compile(r"\[[^\]]+\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"`((?:m2s_orchestration(?:_tests)?|docs)/[\w./-]+)`")


@pytest.mark.parametrize(
    "name",
    [
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "docs/delivery.md",
        "docs/glossary.md",
        "docs/kubernetes.md",
        "docs/monitoring.md",
        "docs/moving-over.md",
        "docs/notifications.md",
        "docs/operations.md",
        "docs/scale.md",
        "docs/smtp-faults.md",
        "docs/speed.md",
        "docs/ui.md",
        "docs/why.md",
    ],
)
def test_it_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@each(DOCUMENTS)
def test_links_lead_somewhere(file: Path) -> None:
    assert [target for target in _links(file) if not _resolves(file, target)] == []


@each(DOCUMENTS)
def test_files_that_are_named_exist(file: Path) -> None:
    assert [name for name in OURS.findall(_text(file)) if not (ROOT / name).exists()] == []


def test_the_page_of_notifications_is_what_the_declarations_say() -> None:
    assert _text(PAGE) == catalogue(), "`make docs` writes it anew"


def test_the_changelog_has_room_for_what_is_next() -> None:
    assert "## [Unreleased]" in _text(ROOT / "CHANGELOG.md")


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _links(file: Path) -> list[str]:
    found: list[str] = LINK.findall(CODE.sub("", _text(file)))
    return [target for target in found if "://" not in target and not target.startswith("mailto:")]


def _resolves(file: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    aim = (file.parent / path).resolve() if path else file
    return aim.exists() and (not anchor or anchor in map(_anchor, HEADING.findall(_text(aim))))


def _anchor(title: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
