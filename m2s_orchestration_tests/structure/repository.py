"""The repository as its own tests see it: its files, its modules, its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "m2s_orchestration"
TESTS = ROOT / "m2s_orchestration_tests"
BENCHMARKS = ROOT / "benchmarks"
NOTIFICATIONS = PACKAGE / "notifications"
COMMANDS = PACKAGE / "application" / "commands"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A Python file."""

    file: Path

    @property
    def name(self) -> str:
        """Its path below the top folder, as it is written in a message."""
        return self.file.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def functions(self) -> Iterator[Function]:
        """Every function, those inside others too."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def strings(self) -> Iterator[str]:
        """Every string that is not a docstring, the fixed parts of f-strings too."""
        docstrings = {id(node) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            children = ast.iter_child_nodes(node) if id(node) not in docstrings else ()
            for child in children:
                if isinstance(child, ast.Constant) and isinstance(child.value, str):
                    yield child.value


def modules(folder: Path) -> list[Module]:
    """The Python files below a folder."""
    return [Module(file) for file in sorted(folder.rglob("*.py"))]


def length(function: Function) -> int:
    """How many lines a function has from `def` on, its docstring not counted."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or 0) - docstring.lineno + 1)


def files(folder: Path, *endings: str) -> list[Path]:
    """The files below a folder that end so, but for what tools leave there."""
    found = (file for ending in endings for file in folder.rglob(f"*{ending}"))
    return sorted(file for file in found if file.is_file() and not _is_left_by_tools(file))


def _is_left_by_tools(file: Path) -> bool:
    folders = file.relative_to(ROOT).parts[:-1]
    return any(part.startswith(".") or part == "__pycache__" for part in folders)


def notification_folders() -> list[Path]:
    """The folders of notifications."""
    return sorted(file.parent for file in NOTIFICATIONS.glob("*/__init__.py"))


def each(found: list[Path]) -> pytest.MarkDecorator:
    """Parametrizes a test over files, each named by its path."""
    return pytest.mark.parametrize(
        "file", found, ids=[file.relative_to(ROOT).as_posix() for file in found]
    )
