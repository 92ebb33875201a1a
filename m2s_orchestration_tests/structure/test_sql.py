"""Every statement has a name and a sentence, and takes its values as named binds."""

from __future__ import annotations

import re
from pathlib import Path

from m2s_orchestration.postgres import Statement, statements
from m2s_orchestration_tests.structure.repository import BENCHMARKS, PACKAGE, ROOT, each, files

# Whole scripts, which are not called by name: the demo club's tables and the ledger's steps.
SCRIPTS = ("demo", "migrations")

NAMED = [
    file
    for file in (*files(PACKAGE, ".sql"), *files(BENCHMARKS, ".sql"))
    if file.parent.name not in SCRIPTS
]


@each(NAMED)
def test_a_file_begins_with_a_named_statement(file: Path) -> None:
    assert re.match(r"-- [a-z][a-z0-9_]*: .+\n", file.read_text(encoding="utf-8"))


@each(NAMED)
def test_a_statement_says_in_a_sentence_what_it_does(file: Path) -> None:
    for statement in _statements(file):
        assert statement.purpose[0].isupper(), statement.name
        assert statement.purpose.endswith((".", "?")), statement.name


@each(NAMED)
def test_a_name_stands_over_one_statement(file: Path) -> None:
    for statement in _statements(file):
        text = re.sub(r"--.*", "", statement.text).strip()
        assert text.endswith(";"), statement.name
        assert text.count(";") == 1, statement.name


@each(NAMED)
def test_values_are_bound_by_name(file: Path) -> None:
    for statement in _statements(file):
        assert "%" not in re.sub(r"%\([a-z_]+\)s|%%", "", statement.text), statement.name


@each([file for file in NAMED if file.is_relative_to(PACKAGE)])
def test_the_end_of_a_lease_is_the_one_that_counts_for_us(file: Path) -> None:
    """What `cronjob_locks` says of a notification that has moved over is a thousand years later."""
    for statement in _statements(file):
        assert not re.search(r"expires_at\s*[<>]=?\s*(clock_timestamp|now)\b", statement.text)


def _statements(file: Path) -> list[Statement]:
    package = ".".join(file.parent.relative_to(ROOT).parts)
    return list(statements(package, file.name).values())
