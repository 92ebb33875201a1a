"""`m2s new` makes a notification whose tests pass, and that lives the demo day once listed."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from m2s_orchestration.cli import main
from m2s_orchestration_tests.acceptance.checkouts import Checkout, copy_of_this

NAME = "notify_members_whose_medical_expires"
LIST = "m2s_orchestration/notifications/__init__.py"
OWN = tuple(
    f"m2s_orchestration{folder}/{NAME}"
    for folder in (
        "/notifications",
        "_tests/unit/notifications",
        "_tests/integration/notifications",
    )
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout of the test's own."""
    return copy_of_this(tmp_path)


def test_it_touches_its_own_folders_and_nothing_else(checkout: Checkout) -> None:
    before = checkout.files()
    told = checkout.run("m2s_orchestration.cli", "new", NAME)
    after = checkout.files()

    new = sorted(after.keys() - before.keys())
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(OWN) for name in new)
    assert all(name in told for name in new)


def test_its_tests_pass_and_once_it_is_listed_it_has_something_to_say(checkout: Checkout) -> None:
    checkout.run("m2s_orchestration.cli", "new", NAME)
    checkout.run("ruff", "check", *OWN)
    checkout.run("ruff", "format", "--check", *OWN)
    checkout.change(LIST, "NAMES = (\n", f'NAMES = (\n    "{NAME}",\n')
    readme = "| notification | when (UTC) | who hears what |\n|---|---|---|\n"
    checkout.change("README.md", readme, f"{readme}| `{NAME}` | Mondays | those who wait |\n")
    structure = ("code", "notifications", "sql")
    checkout.run(
        *("pytest", "-q", "-p", "no:cacheprovider", "-k", f"{NAME} or demo_mails or listed"),
        *OWN[1:],
        *(f"m2s_orchestration_tests/structure/test_{name}.py" for name in structure),
        "m2s_orchestration_tests/acceptance/test_demo_mails.py",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("No-Name", "is no name for a job"), ("notify_aging_logsheets", "is there already")],
)
def test_what_cannot_be_made_is_refused(checkout: Checkout, name: str, words: str) -> None:
    ended = CliRunner().invoke(main, ["new", name, "--into", str(checkout.folder)])
    assert ended.exit_code == 2
    assert words in ended.output


def test_it_is_made_in_a_checkout_only(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["new", NAME, "--into", str(tmp_path)])
    assert ended.exit_code == 2
    assert "run m2s new in the checkout's top" in ended.output
    assert not list(tmp_path.iterdir())
