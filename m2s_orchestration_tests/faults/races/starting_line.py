"""Where racers stand until they are let go, seen from the laboratory."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from m2s_orchestration.errors import LeaseLost
from m2s_orchestration_tests.faults.bench.bench import MOMENTS
from m2s_orchestration_tests.faults.bench.processes import WHERE_ARE_YOU, Ended, Run

ROOT = Path(__file__).parents[3]
PATIENCE = 300.0  # seconds that a race may take before it counts as hanging
BREATH = 1.0  # seconds in which who has something to say goes on saying it


@dataclass(frozen=True)
class Racer:
    """A run to be: its notification, its environment, and the values of its config."""

    notification: str
    environment: Mapping[str, str]
    values: Mapping[str, object]


@dataclass(frozen=True)
class Finish:
    """How one racer ended: its exit status (negative: the signal), and what it said if it could."""

    pid: int
    status: int
    outcome: str
    fault: str
    unknown: int
    waiting: int

    @property
    def was_killed(self) -> bool:
        return self.status == -signal.SIGKILL


def racer(
    notification: str, environment: Mapping[str, str], *, wait: int, force: bool = False
) -> Racer:
    """A run at the moment when the notification has something to say."""
    as_of = MOMENTS[notification].isoformat()
    values = {"as_of": as_of, "send_late": True, "wait": wait, "force": force}
    return Racer(notification, environment, values)


def complaints(finishes: Iterable[Finish], *, done: str = "sent") -> Iterator[str]:
    """Who was not killed says how it went; if not all is out, why another must see to it.

    `done` is what a run comes to that has the occurrence to itself.
    """
    for finish in finishes:
        if finish.was_killed or finish.outcome in {done, "already_done", "busy"}:
            continue
        has_a_reason = finish.fault == LeaseLost.__name__ or finish.unknown or finish.waiting
        if finish.outcome != "incomplete" or not has_a_reason:
            yield f"a racer ended like this: {finish}"


class Race:
    """Racers who stand at the line, and then run."""

    def __init__(self, line: StartingLine, pids: Sequence[int]) -> None:
        self.pids = tuple(pids)
        self._line = line

    def signal(self, racer: int, number: signal.Signals) -> None:
        """Send one of them a signal; harmless if it has ended, but not after `finishes`."""
        os.kill(self.pids[racer], number)

    def go(self) -> None:
        """Let all of them go at once."""
        self._line.say("go")

    def over(self) -> None:
        """Return when all have ended."""
        self._line.hear()

    def finishes(self) -> list[Finish]:
        """How each of them ended. From now on their ids may be other processes'."""
        self._line.say("reap")
        answer = self._line.hear()
        return [
            _finish(pid, status, answer["told"].get(str(number), {}))
            for number, (pid, status) in enumerate(zip(self.pids, answer["statuses"], strict=True))
        ]


class WholeRuns:
    """Whole runs of m2s, raced in the same way."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.pids = tuple(run.pid for run in runs)
        self._runs = runs
        self._ended: list[Ended] = []

    def signal(self, racer: int, number: signal.Signals) -> None:
        """Send one of them a signal; harmless if it has ended."""
        if racer >= len(self._ended):
            self._runs[racer].signal(number)

    def go(self) -> None:
        """They are under way already."""

    def over(self) -> None:
        """Return when all have ended."""
        for run in self._runs:
            self._ended.append(run.ended())

    def finishes(self) -> list[Finish]:
        """How each of them ended."""
        return [
            _finish(pid, ended.status, ended.result | {"fault": _fault(ended)})
            for pid, ended in zip(self.pids, self._ended, strict=True)
        ]


class StartingLine:
    """A process from which racers are forked, open while the context lasts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._errors = folder / "racers' errors"

    def __enter__(self) -> Self:
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "m2s_orchestration_tests.faults.races.racers"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                text=True,
                start_new_session=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind:
            self._kill()
        self._process.communicate()

    def line_up(self, racers: Sequence[Racer]) -> Race:
        """Fork them; they get ready and wait."""
        self.say([asdict(racer) for racer in racers])
        return Race(self, self.hear()["pids"])

    def run(self, only: Racer) -> Finish:
        """One alone."""
        race = self.line_up([only])
        race.go()
        race.over()
        (finish,) = race.finishes()
        return finish

    def say(self, order: object) -> None:
        """One line to the process."""
        assert self._process.stdin
        print(json.dumps(order), file=self._process.stdin, flush=True)

    def hear(self) -> dict[str, Any]:
        """One line from the process."""
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        line = self._process.stdout.readline() if ready else ""
        assert line, f"the racers are silent: {self._last_words()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        """What they said, and where those are that are still under way."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, WHERE_ARE_YOU)
        heard = None
        while heard != (said := self._errors.read_text()):
            heard = said
            threading.Event().wait(BREATH)
        return said

    def _kill(self) -> None:
        """The process and every racer that is still under way."""
        os.killpg(self._process.pid, signal.SIGKILL)


def _fault(ended: Ended) -> str:
    """The name of the fault that a whole run tells in words, if it is the one that races bring."""
    return LeaseLost.__name__ if "is no longer" in ended.errors else ""


def _finish(pid: int, status: int, told: Mapping[str, Any]) -> Finish:
    counted = {name: int(told.get(name, 0)) for name in ("unknown", "waiting")}
    return Finish(
        pid=pid,
        status=status,
        outcome=told.get("outcome", ""),
        fault=told.get("fault", ""),
        **counted,
    )
