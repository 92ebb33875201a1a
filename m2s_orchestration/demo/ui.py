"""Keeps Dagster's UI, its daemon and the mailbox's page running until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from m2s_orchestration.demo.home import CHECKOUT, free_port
from m2s_orchestration.demo.mailbox import HOST


def keep_running(folder: Path, pages: str) -> None:
    """Start both, say where they are, and wait; ends when Dagster ends, or with a signal."""
    # Dagster's runs left handlers of their own, and a script's background has none for Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    port = free_port(3000)
    command = [sys.executable, "-m", "dagster", "dev", "--host", HOST, "--port", str(port)]
    os.environ.update(DAGSTER_URL=f"http://{HOST}:{port}")
    # Not in the checkout: Dagster reads the .env where it starts, which may be the club's.
    dagster = subprocess.Popen([*command, "--workspace", CHECKOUT / "workspace.yaml"], cwd=folder)
    told = f"Dagster's UI: http://{HOST}:{port}/  The mailbox: {pages}  Ctrl-C ends it."
    print(told, flush=True)
    try:
        dagster.wait()
    finally:
        if dagster.poll() is None:
            dagster.send_signal(signal.SIGINT)
            dagster.wait(timeout=30)
