"""A folder is a command of the web application, listed and with a page."""

from __future__ import annotations

import pytest

from m2s_orchestration.application.command import ApplicationCommand
from m2s_orchestration.application.commands import COMMANDS as LISTED
from m2s_orchestration_tests.structure.repository import COMMANDS, ROOT


def test_every_folder_is_listed_and_nothing_else_is() -> None:
    folders = sorted(file.parent.name for file in COMMANDS.glob("*/__init__.py"))

    assert sorted(command.name for command in LISTED) == folders


@pytest.mark.parametrize("command", LISTED, ids=lambda command: command.name)
def test_the_operations_page_tells_of_it(command: ApplicationCommand) -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

    assert f"`{command.name}`" in operations
