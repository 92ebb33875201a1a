"""Keeps Dagster's UI, its daemon and the mailbox's page running until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from m2s_orchestration.demo.home import CHECKOUT
from m2s_orchestration.demo.mailbox_page import serve_mailbox

HOST = "127.0.0.1"


def keep_running(folder: Path) -> None:
    """Start both, say where they are, and wait; ends when Dagster ends, or with a signal."""
    # Dagster's runs left handlers of their own, and a script's background has none for Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    port = _port(3000)
    with serve_mailbox(folder / "mailbox", _port(8025)) as mailbox_page:
        command = [sys.executable, "-m", "dagster", "dev", "--host", HOST, "--port", str(port)]
        os.environ.update(DAGSTER_URL=f"http://{HOST}:{port}")
        # Not in the checkout: Dagster reads the .env where it starts, which may be the club's.
        dagster = subprocess.Popen(
            [*command, "--workspace", CHECKOUT / "workspace.yaml"], cwd=folder
        )
        told = f"Dagster's UI: http://{HOST}:{port}/  The mailbox: {mailbox_page}  Ctrl-C ends it."
        print(told, flush=True)
        try:
            dagster.wait()
        finally:
            if dagster.poll() is None:
                dagster.send_signal(signal.SIGINT)
                dagster.wait(timeout=30)


def _port(wanted: int) -> int:
    """The wanted port if it is free, else any."""
    with socket.socket() as listener:
        try:
            listener.bind((HOST, wanted))
        except OSError:
            listener.bind((HOST, 0))
        port: int = listener.getsockname()[1]
        return port
