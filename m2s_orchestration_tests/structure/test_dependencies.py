"""What the package imports is declared, and what is declared is locked, with hashes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions

import pytest

from m2s_orchestration_tests.structure.repository import (
    BENCHMARKS,
    PACKAGE,
    ROOT,
    TESTS,
    Module,
    modules,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
DISTRIBUTIONS = packages_distributions()


def names(requirements: list[str]) -> set[str]:
    """The distributions of requirements, as the index writes them."""
    found = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {_normalised(match[0]) for match in found if match}


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


NEEDS = names(PROJECT["dependencies"])
FOR_THE_DEMO = names(PROJECT["optional-dependencies"]["demo"])
FOR_TESTS = names(PROJECT["optional-dependencies"]["dev"])


@pytest.mark.parametrize(
    "module",
    [*modules(PACKAGE), *modules(TESTS), *modules(BENCHMARKS)],
    ids=lambda module: module.name,
)
def test_imports_are_declared(module: Module) -> None:
    declared = NEEDS
    if not module.name.startswith("m2s_orchestration/") or "/demo/" in module.name:
        declared = declared | FOR_THE_DEMO
    if module.name.startswith(("m2s_orchestration_tests/", "benchmarks/")):
        declared = declared | FOR_TESTS

    assert [name for name in _imported(module) if not _providers(name) & declared] == []


def test_the_lock_has_every_requirement_with_hashes() -> None:
    groups = PROJECT["optional-dependencies"].values()
    wanted = names([*PROJECT["dependencies"], *(item for group in groups for item in group)])
    locked = dict(
        re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==(?:.*)\\\n +(--hash=sha256:)", LOCK, re.MULTILINE)
    )

    assert wanted - {_normalised(name) for name in locked} == set()


def test_the_lock_names_no_registry() -> None:
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", LOCK)


def _imported(module: Module) -> Iterator[str]:
    """The top names of what a module imports that is neither Python's nor ours."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found = [node.module or ""]
        else:
            continue
        tops = {name.partition(".")[0] for name in found}
        yield from (
            tops
            - sys.stdlib_module_names
            - {*(PACKAGE.name, TESTS.name, BENCHMARKS.name, "_typeshed")}
        )


def _providers(name: str) -> set[str]:
    return {_normalised(provider) for provider in DISTRIBUTIONS.get(name, [])}
