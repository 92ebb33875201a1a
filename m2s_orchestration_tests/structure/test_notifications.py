"""A folder is a notification: complete, listed, tested, and alike in everything but its subject."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from m2s_orchestration.framework import Notification
from m2s_orchestration.notifications import NOTIFICATIONS
from m2s_orchestration_tests.structure.repository import ROOT, TESTS, notification_folders

each_folder = pytest.mark.parametrize(
    "folder", notification_folders(), ids=lambda folder: folder.name
)


def test_every_folder_is_listed_and_nothing_else_is() -> None:
    listed = [notification.name for notification in NOTIFICATIONS]

    assert sorted(listed) == [folder.name for folder in notification_folders()]
    assert len(set(listed)) == len(listed)


@each_folder
def test_a_folder_has_its_steps(folder: Path) -> None:
    missing = [name for name in ("query.sql", "evaluate.py") if not (folder / name).is_file()]

    assert missing == []


@each_folder
def test_who_mails_has_templates(folder: Path) -> None:
    sends = "Message(" in (folder / "evaluate.py").read_text(encoding="utf-8")
    texts = {file.stem for file in folder.glob("*.txt")}

    assert bool(texts) == sends


@each_folder
def test_every_mail_has_a_text_and_a_page(folder: Path) -> None:
    texts = {file.stem for file in folder.glob("*.txt")}
    pages = {file.stem for file in folder.glob("*.html") if not file.stem.startswith("_")}

    assert texts == pages


@each_folder
def test_a_notification_has_its_tests(folder: Path) -> None:
    wanted = {
        TESTS / "unit" / "notifications" / folder.name / "test_evaluate.py",
        TESTS / "integration" / "notifications" / folder.name / "test_query.py",
    }

    assert [file.as_posix() for file in wanted if not file.is_file()] == []


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda item: item.name)
def test_every_parameter_says_what_it_does(notification: Notification) -> None:
    fields = notification.parameters.model_fields

    assert [name for name, field in fields.items() if not field.description] == []


@pytest.mark.parametrize("notification", NOTIFICATIONS, ids=lambda item: item.name)
def test_the_readme_tells_of_it(notification: Notification) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert re.search(rf"^\| `{notification.name}` \|", readme, re.MULTILINE)
