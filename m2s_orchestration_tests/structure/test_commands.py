"""Every command says what it does, and the README names it."""

from __future__ import annotations

import re

import click
import pytest

from m2s_orchestration.cli import main
from m2s_orchestration_tests.structure.repository import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def commands(group: click.Group, above: str = "m2s") -> dict[str, click.Command]:
    """Every command below a group, by what is typed."""
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        typed = f"{above} {name}"
        found[typed] = command
        if isinstance(command, click.Group):
            found |= commands(command, typed)
    return found


COMMANDS = commands(main)
TARGETS = re.findall(r"^\.PHONY: (\w+)$", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("typed", COMMANDS)
def test_a_command_has_help_and_is_in_the_readme(typed: str) -> None:
    assert COMMANDS[typed].help
    assert typed in README


@pytest.mark.parametrize("typed", COMMANDS)
def test_every_option_has_help(typed: str) -> None:
    options = [item for item in COMMANDS[typed].params if isinstance(item, click.Option)]

    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_has_help_and_is_in_the_readme(target: str) -> None:
    assert re.search(rf"^{target}:.* ## \S", MAKEFILE, re.MULTILINE)
    assert target == "help" or f"make {target}" in README
