"""The demo: `python -m m2s_orchestration.demo`, with --keep-running for Dagster's UI as well."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from m2s_orchestration.demo.day import Lived, live_the_day
from m2s_orchestration.demo.home import opened
from m2s_orchestration.demo.ui import keep_running
from m2s_orchestration.errors import OrchestrationError

FIGURES = ("outcome", "sent", "notices", "changes", "seconds")


def main() -> int:
    """Live the day, tell it, and stay if asked to. Exit status 1 if not all mail went out."""
    parser = argparse.ArgumentParser(prog="python -m m2s_orchestration.demo", description=__doc__)
    parser.add_argument("--keep-running", action="store_true", help="keep UI and mailbox running")
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="where everything lies")
    arguments = parser.parse_args()
    try:
        with opened(arguments.folder) as home:
            lived = live_the_day(home.mailbox)
            tell(lived, arguments.folder)
            if arguments.keep_running:
                keep_running(arguments.folder, home.pages)
    except OrchestrationError as fault:
        print(f"demo: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    faults = [result.fault for result in lived.results if result.fault]
    print(*faults, sep="\n", end="", file=sys.stderr)
    return int(bool(faults))


def tell(lived: Lived, folder: Path) -> None:
    """Print what ran, what was sent to whom, and where to look."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=120)
    runs = Table(title="The club's day", title_justify="left", header_style="bold")
    for name in ("job", "occurrence (UTC)", "outcome", "mails", "notices", "changes", "seconds"):
        runs.add_column(name)
    for result in lived.results:
        runs.add_row(*(str(result.figures[name]) for name in ("job", "occurrence", *FIGURES)))
    console.print(runs)
    if lived.mails:
        mails = Table(title="The mails", title_justify="left", header_style="bold")
        mails.add_column("to", overflow="fold")
        mails.add_column("subject", overflow="fold")
        for mail in lived.mails:
            mails.add_row(", ".join(mail.recipients), str(mail.message["Subject"]))
        console.print(mails)
    else:
        console.print("No mail: everybody has been told of this day already.")
    console.print(
        f"Every mail is a file in {folder / 'mailbox'}. `make dev` shows them in the browser, with"
        f" Dagster's UI beside them; while it runs, `source {folder / 'environment'}` lets m2s work"
        f" on this club. Delete {folder} to begin anew.",
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.exit(main())
