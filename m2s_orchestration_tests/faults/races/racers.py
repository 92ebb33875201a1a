"""Racers: processes that run one occurrence, forked from this warm one and let go all at once.

`python -m m2s_orchestration_tests.faults.races.racers` obeys one JSON object a line (see
`starting_line.py`). A racer is a run of a notification without Dagster around it: its lease, its
ledger and its mail are those of any other run, in a process that ends as fast as it can.
"""

from __future__ import annotations

import faulthandler
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from m2s_orchestration.errors import LeaseHeld, OrchestrationError
from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.settings import Settings
from m2s_orchestration_tests.faults.bench.processes import WHERE_ARE_YOU

Told = dict[str, Any]


def main() -> None:
    """Obey until nobody says anything more."""
    faulthandler.register(WHERE_ARE_YOU)
    for line in sys.stdin:
        _race(json.loads(line))


def _race(racers: Sequence[Mapping[str, Any]]) -> None:
    gate, opener = os.pipe()
    told, tell = os.pipe()
    pids = [_fork(racer, number, gate, opener, tell) for number, racer in enumerate(racers)]
    _say({"pids": pids})
    sys.stdin.readline()  # they may go
    os.close(opener)
    for pid in pids:
        # Not reaped: as long as anybody may signal a racer its id is nobody else's.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    _say({"over": True})
    sys.stdin.readline()  # nobody signals them any more
    statuses = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    os.close(tell)
    os.close(gate)
    with os.fdopen(told, encoding="utf-8") as lines:
        results = [json.loads(line) for line in lines]
    _say({"statuses": statuses, "told": {item.pop("number"): item for item in results}})


def _fork(racer: Mapping[str, Any], number: int, gate: int, opener: int, tell: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.close(opener)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        _be(racer, number, gate, tell)
    return pid


def _be(racer: Mapping[str, Any], number: int, gate: int, tell: int) -> NoReturn:
    result: Told = {}
    try:
        os.environ.clear()
        os.environ.update(racer["environment"])
        run = _made_ready(racer)
        os.read(gate, 1)  # nothing comes: the gate is open when its other end is closed
        result = _ran(run)
    finally:
        result = result or {"outcome": "crashed", "fault": repr(sys.exc_info()[1])[:500]}
        # Shorter than a pipe's buffer, so that the lines of two racers never mix.
        os.write(tell, (json.dumps({"number": number, **result}) + "\n").encode())
        os._exit(0)


def _made_ready(racer: Mapping[str, Any]) -> NotificationRun:
    notification = notification_named(racer["notification"])
    request = Request.parse(
        notification, racer["values"], partition=None, waits=False, now=datetime.now(UTC)
    )
    settings = Settings.from_environment()
    return NotificationRun(notification, request, settings, run_id=secrets.token_hex(16))


def _ran(run: NotificationRun) -> Told:
    try:
        run.begin()
        run.commit()
        report = run.email()
    except LeaseHeld:
        return {"outcome": "busy"}
    except OrchestrationError as fault:
        return {"outcome": "incomplete", "fault": type(fault).__name__}
    finally:
        run.close()
    fault_of_round = type(report.fault).__name__ if report.fault else ""
    return {
        "outcome": report.outcome,
        "fault": fault_of_round,
        "unknown": report.unknown,
        "waiting": report.waiting,
    }


def _say(told: Mapping[str, Any]) -> None:
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
