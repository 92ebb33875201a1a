"""Copies of this checkout, to be changed as a person would who follows CONTRIBUTING.md."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from m2s_orchestration_tests.structure.repository import PACKAGE, ROOT, TESTS

LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Checkout:
    """A folder with the package, its tests and its documents."""

    folder: Path

    def run(self, *arguments: str) -> str:
        """What `python -m …` prints there; an exit status that is not 0 is an error."""
        ended = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            # Before the checkout that is installed.
            env={**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{arguments}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def change(self, name: str, before: str, after: str) -> None:
        """Put one text in the place of another, which must be there, once."""
        file = self.folder / name
        text = file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{name} has {text.count(before)} times {before!r}"
        file.write_text(text.replace(before, after), encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Every file there, by its path."""
        found = (file for file in self.folder.rglob("*") if file.is_file())
        return {
            file.relative_to(self.folder).as_posix(): file.read_bytes()
            for file in found
            if not any(part in {"__pycache__", ".pytest_cache"} for part in file.parts)
        }


def copy_of_this(folder: Path) -> Checkout:
    """A copy of this checkout, without its history."""
    for part in (PACKAGE, TESTS, ROOT / "docs"):
        shutil.copytree(part, folder / part.name, ignore=LEFT_OUT)
    for part in (ROOT / "README.md", ROOT / "pyproject.toml"):
        shutil.copy(part, folder / part.name)
    return Checkout(folder)
