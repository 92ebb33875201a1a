"""Runs a notification in a process that kills itself at a named step, as a lost node would.

`python -m m2s_orchestration_tests.acceptance.killed_run NOTIFICATION AS_OF STEP`: the step is a
statement of the ledger or lease, or what was just said to the mail server (`MAIL`, `RCPT`, `DATA`,
`body`, `dot`, `reply`). The process dies right after the first time that the step is done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from m2s_orchestration.framework.request import Request
from m2s_orchestration.framework.run import NotificationRun
from m2s_orchestration.mail.channel import Channel
from m2s_orchestration.notifications import notification_named
from m2s_orchestration.postgres import Statement
from m2s_orchestration.settings import Settings

SAID = {b"MAIL": "MAIL", b"RCPT": "RCPT", b"DATA": "DATA", b".\r\n": "dot"}


def main(name: str, as_of: str, step: str) -> None:
    """Run it; only a step that is never reached lets this return."""
    _watch(Statement, "run", lambda arguments: arguments[0].name, step)
    _watch(Statement, "fetch", lambda arguments: arguments[0].name, step)
    _watch(Channel, "send", _what_was_said, step)
    _watch(Channel, "getreply", _after_the_dot, step)
    notification = notification_named(name)
    request = Request.parse(
        notification,
        {"as_of": as_of, "send_late": True},
        partition=None,
        waits=False,
        now=datetime.now(UTC),
    )
    run = NotificationRun(notification, request, Settings.from_environment(), run_id="killed")
    run.begin()
    run.commit()
    _die_if(step == "committed")
    run.email()
    run.close()


_last_said = ""


def _what_was_said(arguments: tuple[Any, ...]) -> str:
    global _last_said  # noqa: PLW0603 - one run, one process, one connection
    words = arguments[1] if isinstance(arguments[1], bytes) else str(arguments[1]).encode()
    said = [name for start, name in SAID.items() if words.startswith(start)]
    _last_said = said[0] if said else "body"
    return _last_said if said or len(words) > 200 else "other"


def _after_the_dot(_: tuple[Any, ...]) -> str:
    return "reply" if _last_said == "dot" else "other"


def _watch(kind: type, method: str, name: Callable[[tuple[Any, ...]], str], step: str) -> None:
    original = getattr(kind, method)

    def watched(*arguments: Any, **named: Any) -> Any:
        result = original(*arguments, **named)
        _die_if(name(arguments) == step)
        return result

    setattr(kind, method, watched)


def _die_if(it_is_time: bool) -> None:
    if it_is_time:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
