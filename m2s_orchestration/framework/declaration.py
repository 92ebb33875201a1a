"""What every declaration has: a name, a schedule, a page."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from m2s_orchestration.errors import BadDeclaration


def page_of(package: str) -> str:
    """What the UI says about what a package declares: its docstring."""
    return (sys.modules[package].__doc__ or "").strip()


def title_of(package: str) -> str:
    """The first line of the page."""
    return page_of(package).splitlines()[0].rstrip(".")


def check_name(name: str) -> None:
    """Raises BadDeclaration where a job cannot be called so."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,59}", name):
        raise BadDeclaration(f"{name!r} is no name for a job: use snake_case.")


def check(package: str, cron: str) -> None:
    """Raises BadDeclaration where one of the three makes no sense."""
    name = package.rpartition(".")[2]
    check_name(name)
    try:
        CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise BadDeclaration(f"{name}: {cron!r} is not a schedule: {error}.") from error
    if not page_of(package):
        raise BadDeclaration(f"{name}: the docstring of {package} is its page; write it.")
