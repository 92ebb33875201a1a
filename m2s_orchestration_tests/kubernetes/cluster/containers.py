"""A container: a program with its own processes, host name and files, as far as we may give it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

NAMESPACES = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
# Whoever is not root becomes it inside.
AS_ROOT = ("--user", "--map-root-user")

KILLED = 128 + signal.SIGKILL

# Sets up what the program sees, and becomes it: $1 its host name, $2 the folder that is its own,
# $3 where to enter its control group, $4 whether all else is to be read-only.
ENTER = """
set -e
[ -z "$3" ] || echo $$ > "$3"
hostname "$1"
mount -t tmpfs -o mode=0777 tmpfs "$2"
mkdir -p "$2/home" "$2/tmp" "$DAGSTER_HOME"
if [ "$4" = yes ]; then
    while read -r _ at _; do
        case "$at" in "$2" | /proc*) ;; *) mount -o remount,bind,ro "$at" 2>/dev/null || : ;; esac
    done < /proc/mounts
fi
cd "$2/home"
shift 4
exec env --default-signal "$@"
"""


@cache
def namespaces() -> tuple[str, ...]:
    """The command that gives a program namespaces of its own; empty if we may not."""
    for command in (NAMESPACES, (*NAMESPACES, *AS_ROOT)):
        with contextlib.suppress(OSError):
            tried = subprocess.run([*command, "true"], capture_output=True, check=False)
            if tried.returncode == 0:
                return command
    return ()


class Container:
    """A program that runs; `view` is the folder that every container sees as its own."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        name: str,
        view: Path,
        log: Path,
        procs: Path | None,
        read_only: bool,
    ) -> None:
        enter = namespaces()
        self._is_apart = bool(enter)
        self._pid: int | None = None
        self._was_killed = False
        image = {
            "DAGSTER_HOME": str(view / "dagster_home"),
            "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
            "LANG": "C.UTF-8",
        }
        if enter:
            own = view
            script = ("sh", "-c", ENTER, "sh", name, view, procs or "", "yes" if read_only else "")
            words = [*enter, *map(str, script), *command]
        else:
            own = view / name
            for folder in ("home", "tmp"):
                (own / folder).mkdir(parents=True)
            words = ["env", "--default-signal", *command]
        places = {"HOME": str(own / "home"), "TMPDIR": str(own / "tmp")}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                words,
                env={**image, **places, **environment},
                cwd=view,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def exit_status(self) -> int | None:
        """What the program ended with, as Kubernetes tells it; None while it runs."""
        status = self._process.poll()
        if status and (status < 0 or self._was_killed):
            # Before util-linux 2.39, unshare does not pass on by which signal its child died.
            return KILLED if self._was_killed else 128 - status
        return status

    @property
    def pid(self) -> int:
        """The program's process id, as this machine counts."""
        if self._pid is None and self._is_apart:
            self._pid = _child_of(self._process.pid)
        return self._pid or self._process.pid

    def terminate(self) -> None:
        """Ask it to end. As the first of its processes it hears only what it listens for."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._was_killed = True
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


def _child_of(parent: int) -> int | None:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                # The name, in brackets, may hold anything; state and parent come after it.
                after = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(after[1]) == parent:
                    return int(folder.name)
    return None
