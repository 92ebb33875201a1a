"""Runs of m2s in processes of their own, forked from a warm one, so that each starts at once.

Nothing of a run is different for it: its process has its own environment, folder, output and exit
status, and can be killed, stopped and continued like any other.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from m2s_orchestration.cli import main
from m2s_orchestration_tests.eventually import eventually

PATIENCE = 300.0  # seconds for which a run may take before it counts as hanging
STANDARD_OUTPUT, STANDARD_ERROR = 1, 2
# What a run answers with the stacks of its threads, the last of them that of the first thread.
WHERE_ARE_YOU, LAST_WORDS = signal.SIGUSR2, "_enter"

# A function of the tests and its arguments, called in a run's process before anything else.
Before = tuple[Any, ...]

# Every start looks at all processes, and two who look at one at once lose its exit status.
_turn = threading.Lock()
_warm = multiprocessing.get_context("forkserver")
_warm.set_forkserver_preload(["m2s_orchestration_tests.faults.bench.warm"])


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit status (negative: the signal that killed it) and what it said."""

    status: int
    output: str
    errors: str

    @cached_property
    def result(self) -> dict[str, Any]:
        """What `--json` printed; empty if the run did not come to it."""
        lines = self.output.strip().splitlines()
        told: dict[str, Any] = {}
        with contextlib.suppress(ValueError, IndexError):
            told = json.loads(lines[-1])
        return told

    @property
    def outcome(self) -> str:
        """The outcome in one word."""
        return str(self.result.get("outcome", ""))


class Run:
    """A command line of m2s, under way."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        *,
        environment: Mapping[str, str],
        folder: Path,
        before: Before = (),
    ) -> None:
        """`before` is a function of the tests and its arguments, called in the process first."""
        self._output = folder / "output"
        self._errors = folder / "errors"
        folder.mkdir(parents=True)
        # A process that is killed at once says nothing.
        for file in (self._output, self._errors):
            file.touch()
        self._process: BaseProcess = _warm.Process(
            target=_enter, args=(arguments, dict(environment), folder, before)
        )
        with _turn:
            self._process.start()
        self.pid: int = self._process.pid or 0

    def signal(self, number: signal.Signals) -> None:
        """Send the process a signal; harmless if it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        with _turn:
            return self._process.is_alive()

    def ended(self, within: float = PATIENCE) -> Ended:
        """Wait for its end. A run that does not end says where it hangs, is killed, and fails."""
        if not connection.wait([self._process.sentinel], within):
            self.signal(WHERE_ARE_YOU)
            with contextlib.suppress(AssertionError):
                eventually(lambda: LAST_WORDS in self._said())
            self._process.kill()
            connection.wait([self._process.sentinel])
            raise AssertionError(f"the run did not end within {within:g} s: {self._said()}")
        with _turn:
            self._process.join()
            status = self._process.exitcode or 0
            self._process.close()
        return Ended(status, self._output.read_text(), self._errors.read_text())

    def _said(self) -> str:
        return self._errors.read_text().strip()


def _enter(
    arguments: tuple[str, ...], environment: dict[str, str], folder: Path, before: Before
) -> None:
    """Be a fresh m2s."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _write_to(folder / "output", STANDARD_OUTPUT)
    _write_to(folder / "errors", STANDARD_ERROR)
    faulthandler.register(WHERE_ARE_YOU, file=STANDARD_ERROR)
    if before:
        before[0](*before[1:])
    try:
        main.main(args=list(arguments), prog_name="m2s")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _write_to(path: Path, descriptor: int) -> None:
    with path.open("w") as file:
        os.dup2(file.fileno(), descriptor)
