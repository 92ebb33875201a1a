"""A program that behaves as the web application's commands do, for the tests of what starts them.

`python manage.py COMMAND …`: the environment says what happens to it (`BEHAVIOUR`) and which
database is the club's (`CLUB`). It takes the command's lock, works, releases it, and says 0
whenever the web application's commands would.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable

import psycopg

from m2s_orchestration_tests.web_application import (
    OldCommand,
    WebApplication,
)

SUMMARIES = "logsheet_finalizationemailoutbox"


def main(name: str) -> None:
    with psycopg.connect(os.environ["CLUB"], autocommit=True) as connection:
        owner = f"{socket.gethostname()}-{os.getpid()}"
        lock = WebApplication(connection, name, owner=owner)
        body = BODIES[os.environ["BEHAVIOUR"]]
        if OldCommand(lock, lambda: body(connection)).run():
            print(f"{name} is done")
        else:
            print(f"{name} is locked")


def say_hello(_: psycopg.Connection) -> None:
    print("hello", *sys.argv[1:], flush=True)


def fail(_: psycopg.Connection) -> None:
    print("jane.doe@example.org <- undeliverable", flush=True)
    raise RuntimeError("something is wrong")


def wait(_: psycopg.Connection) -> None:
    """Until it is told to end; it dies of that as Python does, its lock left behind."""
    signal.signal(signal.SIGTERM, _leave)
    print("waiting", flush=True)
    threading.Event().wait()


def _leave(*_: object) -> None:
    print("told to end", flush=True)
    os._exit(143)


def be_stubborn(_: psycopg.Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("not listening", flush=True)
    threading.Event().wait()


def send_all(connection: psycopg.Connection) -> None:
    connection.execute(
        f"UPDATE {SUMMARIES} SET status = 'sent', attempt_count = attempt_count + 1"
        " WHERE status <> 'sent'"
    )


def send_none(connection: psycopg.Connection) -> None:
    connection.execute(
        f"UPDATE {SUMMARIES} SET status = 'failed', attempt_count = attempt_count + 1"
        " WHERE status <> 'sent'"
    )


BODIES: dict[str, Callable[[psycopg.Connection], None]] = {
    "hello": say_hello,
    "fail": fail,
    "wait": wait,
    "stubborn": be_stubborn,
    "send_all": send_all,
    "send_none": send_none,
}

if __name__ == "__main__":
    main(sys.argv[1])
