"""What a run without mail does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

OF_A_MAIL = {"jinja2", "css_inline", "icalendar", "email.policy"}
LOOK = "import sys, {module}; print(*sys.modules)"


@pytest.mark.parametrize(
    ("module", "needless"),
    [
        ("m2s_orchestration.cli", {"dagster", "rich", "kubernetes", *OF_A_MAIL}),
        ("m2s_orchestration.definitions", {"kubernetes", *OF_A_MAIL}),
        ("m2s_orchestration.framework.execution", OF_A_MAIL),
    ],
)
def test_what_only_a_mail_a_table_or_a_pod_needs_is_not_imported(
    module: str, needless: set[str]
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOOK.format(module=module)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert not needless & set(told.split())
