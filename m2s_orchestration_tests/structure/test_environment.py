"""`.env.example` lists every variable that is read, with its words, and no other."""

from __future__ import annotations

import re
from itertools import pairwise

from m2s_orchestration_tests.structure.repository import PACKAGE, ROOT

EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
LISTED = re.compile(r"^#(?P<name>[A-Z][A-Z_]+)=$", re.MULTILINE)
READ = re.compile(r'(?:reader\.(?:text|optional|required|read)|environ\.get)\(\s*"([A-Z_]+)"')


def test_every_variable_is_listed_and_no_other() -> None:
    settings = (PACKAGE / "settings.py").read_text(encoding="utf-8")

    assert set(LISTED.findall(EXAMPLE)) == set(READ.findall(settings))


def test_every_variable_has_its_words() -> None:
    alone = [
        line
        for before, line in pairwise(EXAMPLE.splitlines())
        if LISTED.match(line) and not re.match(r"# \w", before)
    ]

    assert alone == []


def test_a_copy_of_it_changes_nothing() -> None:
    """What stands in a .env wins over the environment, an empty value too."""
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []
