"""The code keeps its conventions: small, named, with SQL and the environment in their places."""

from __future__ import annotations

import ast
import re

import pytest

from m2s_orchestration_tests.structure.repository import (
    BENCHMARKS,
    PACKAGE,
    TESTS,
    Module,
    files,
    length,
    modules,
)

LONGEST_FUNCTION = 40
LONGEST_MODULE = 300
NAMES_THAT_SAY_NOTHING = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc|data)(_|$)")
SQL = re.compile(
    r"\b(SELECT\s.+?\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s"
    r"|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|SCHEMA|FUNCTION|TRIGGER)\s)",
    re.DOTALL,
)
# It asks psql whether a database is there, before there is one to connect to.
ASKS_PSQL = "m2s_orchestration/demo/postgres.py"
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u26ff\u2705\u2714\u2716\u274c\u274e\u2728\ufe0f]")

each_module = pytest.mark.parametrize("module", modules(PACKAGE), ids=lambda module: module.name)
each_short_module = pytest.mark.parametrize(
    "module", [*modules(PACKAGE), *modules(BENCHMARKS)], ids=lambda module: module.name
)


@each_short_module
def test_functions_are_short(module: Module) -> None:
    long = [f"{item.name}: {length(item)}" for item in module.functions()]
    long = [told for told in long if int(told.rpartition(" ")[2]) > LONGEST_FUNCTION]

    assert long == []


@each_short_module
def test_modules_are_short(module: Module) -> None:
    assert len(module.text.splitlines()) <= LONGEST_MODULE


@each_short_module
def test_a_module_opens_with_a_sentence(module: Module) -> None:
    docstring = ast.get_docstring(module.tree) or ""

    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize(
    "module",
    [*modules(PACKAGE), *modules(TESTS), *modules(BENCHMARKS)],
    ids=lambda module: module.name,
)
def test_a_module_has_a_name_that_says_something(module: Module) -> None:
    assert not NAMES_THAT_SAY_NOTHING.search(module.file.stem)
    assert not NAMES_THAT_SAY_NOTHING.search(module.file.parent.name)


@each_short_module
def test_sql_lies_in_sql_files(module: Module) -> None:
    found = [text for text in module.strings() if SQL.search(text)]

    assert found == [] or module.name == ASKS_PSQL


@each_module
def test_only_settings_read_the_environment(module: Module) -> None:
    """The demo may set it, for itself and the programs that it starts."""
    readers = [ast.unparse(node) for node in ast.walk(module.tree) if _touches_environment(node)]
    if module.name.startswith("m2s_orchestration/demo/"):
        readers = [source for source in readers if source != "os.environ.update"]

    assert readers == [] or module.name == "m2s_orchestration/settings.py"


def _touches_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return any(alias.name in {"environ", "getenv"} for alias in node.names)
    return isinstance(node, ast.Attribute) and _source(node).startswith(
        ("os.environ.", "os.getenv")
    )


def _source(node: ast.AST) -> str:
    return ast.unparse(node)


@pytest.mark.parametrize(
    "ending", [".py", ".sql", ".txt", ".html"], ids=lambda ending: ending.removeprefix(".")
)
def test_there_is_no_emoji(ending: str) -> None:
    found = [
        file.name
        for file in files(PACKAGE, ending)
        if EMOJI.search(file.read_text(encoding="utf-8"))
    ]

    assert found == []
